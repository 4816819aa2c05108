import { handlers } from '../../../bff'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers
