import { handlers } from '../../../lib/bff'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers
