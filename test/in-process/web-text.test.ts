import { webText } from '../../src/in-process/web-text.ts'
import { wireTextContract } from '../contracts/wire-text.ts'

wireTextContract('webText', webText)
