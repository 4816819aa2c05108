import { Session } from './session'

export default function Home() {
  return <Session />
}
