import type { TokenManagerError } from '../errors.ts'
import type { AccessToken } from './access-token.ts'
import type { DpopKey, DpopProver, ProofChallenge, Proofs } from './dpop.ts'
import type { Through } from './exchange.ts'

/** Makes proofs, and sends requests with them. */
export interface ProofSender extends DpopProver {
  /** How requests to the authorization server at `url` are sent with proofs of `key`; absent: with none. */
  through(key: DpopKey | undefined, url: string): Through
  /** Proofs for requests with tokens. `keyOf`: what a token is bound to. `lost` hears of a token whose key cannot be used. */
  proofs(keyOf: KeyOf, lost?: KeyLost): Proofs
}

type KeyOf = (token: AccessToken) => DpopKey | undefined | Promise<DpopKey | undefined>
type KeyLost = (token: AccessToken, error: TokenManagerError) => Promise<void>

/** Sends requests with the proofs of `prover`. */
export function proofSender(prover: DpopProver): ProofSender {
  return Object.assign(prover, {
    through: (key: DpopKey | undefined, url: string) => throughServer(prover, key, url),
    proofs: (keyOf: KeyOf, lost?: KeyLost) => proofsFor(prover, keyOf, lost),
  })
}

/**
 * Sends requests to the authorization server at `url`, each attempt with another proof (RFC 9449 §5), and once more for each kind of challenge
 * (§8). Without a key they carry no proof.
 */
function throughServer(prover: DpopProver, key: DpopKey | undefined, url: string): Through {
  return async (attempt) => {
    for (const answered = new Set<ProofChallenge>(); ; ) {
      const proof = key && (await prover.prove(key, 'POST', url))
      const attempted = await attempt(proof === undefined ? {} : { dpop: proof })

      const { response, answer, sentAt } = attempted
      const error = answer.kind === 'answer' ? answer.body?.error : undefined
      const challenge = prover.heedServer(response, error, sentAt, proof)
      const isNew = challenge !== undefined && !answered.has(challenge)
      if (!key || !isNew) return attempted
      answered.add(challenge)
    }
  }
}

function proofsFor(prover: DpopProver, keyOf: KeyOf, lost: KeyLost = async () => {}): Proofs {
  return {
    heed: prover.heed,
    async prove(token, method, url) {
      const key = await keyOf(token)
      try {
        return await prover.prove(key, method, url, token)
      } catch (error) {
        await lost(token, error as TokenManagerError)
        throw error
      }
    },
  }
}
