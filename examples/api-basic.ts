import { createServer } from 'node:http'
import { createDenylist, createGuard, nodeGuard } from 'tokenward/resource-server'

const denylist = createDenylist() // with a store, all processes share it
const guard = createGuard({
  issuer: 'https://as.example.com',
  audience: 'https://api.example.com/',
  denylist, // denylist.deny({ issuer, subject, before }) makes the API refuse a person's tokens at once
})

const notes = nodeGuard(guard, (_, response, { sub }) => response.end(`Notes of ${sub}`), { scope: 'notes' })
const server = createServer(notes)
server.listen(Number(process.env.PORT ?? 8080), () => console.log('Listening', server.address()))
