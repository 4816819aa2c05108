// Nothing is rendered on a server, which has no session.
export const ssr = false
