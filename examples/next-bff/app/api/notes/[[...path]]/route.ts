import { nextBff } from 'tokenward/bff'
import { bff } from '../../../../bff'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = nextBff(bff)
