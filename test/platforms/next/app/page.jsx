export default function Page() {
  return <p>the page</p>
}
