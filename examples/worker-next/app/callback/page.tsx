import { Session } from '../session'

export default function Callback() {
  return <Session />
}
