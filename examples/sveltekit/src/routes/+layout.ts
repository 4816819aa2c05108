// Nothing is rendered on a server, because it does not know the session.
export const ssr = false
