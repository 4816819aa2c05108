export {
  jsonResponse as json,
  type ScriptedAuthorizationServer as SimulatedServer,
  scriptedAuthorizationServer as simulatedServer,
  unsignedIdToken as idToken,
} from '../../src/testing/scripted-authorization-server.ts'
