import { ownText } from '../../src/react-native/own-text.ts'
import { wireTextContract } from '../contracts/wire-text.ts'

wireTextContract('ownText', ownText)
