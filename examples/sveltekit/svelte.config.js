import adapter from '@sveltejs/adapter-static'

/** @type {import('@sveltejs/kit').Config} */
export default {
  // One page for every path, because only the browser knows the session.
  kit: {
    adapter: adapter({ pages: 'dist', fallback: 'index.html' }),
    version: { name: 'example' },
    files: { lib: 'src/session' },
  },
}
