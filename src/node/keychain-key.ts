import { randomBytes } from 'node:crypto'
import { invalidOption, TokenManagerError } from '../errors.ts'
import { keyBytes } from './environment-key.ts'
import type { KeyFolder } from './file-store.ts'

/** What {@link keychainKey} needs of the package `@napi-rs/keyring`. */
export interface Keyring {
  /** One entry of the operating system's keychain. */
  readonly AsyncEntry: new (
    service: string,
    account: string,
    options?: { readonly linux?: { readonly store?: 'secret-service' } },
  ) => {
    /** The entry's text; nothing if there is no such entry. */
    getPassword(): Promise<string | null | undefined>
    /** Makes the entry, or replaces it. */
    setPassword(text: string): Promise<unknown>
  }
}

/** Options of {@link keychainKey}. */
export interface KeychainKeyOptions {
  /** The program's name, as the keychain shows it to the person. */
  readonly service: string
  /** Tells the keys of several stores of the program apart: each store needs one of its own. Default `'tokenward'`. */
  readonly account?: string
  /**
   * The module `@napi-rs/keyring`. Default: it is imported at the first use, so it has to be installed beside this library. Give it where a
   * bundler cannot follow that: `keyring: () => import('@napi-rs/keyring')`.
   */
  readonly keyring?: Keyring | (() => Promise<Keyring>)
}

const ALTERNATIVES =
  'give option key as environmentKey(), or as a function that fetches it from a key management service'

/**
 * The sealing key of a {@link fileStore} in the operating system's keychain: macOS's Keychain, Windows' Credential Manager, on Linux
 * the Secret Service (GNOME Keyring, KWallet) and never the kernel's keyring, which forgets. It is made at the first use. If two processes
 * make it at the same time, both get the same key. When the keychain has lost it, the store begins anew and renames the files
 * that cannot be opened any more.
 * @returns a function for the option `key`. It rejects with `ERR_UNSUPPORTED` (`keychain_unavailable`) where there is no keychain, and with
 *   `ERR_STORE_FAILED` while it is locked
 */
export function keychainKey({
  service,
  account = 'tokenward',
  keyring,
}: KeychainKeyOptions): (folder: KeyFolder) => Promise<Uint8Array> {
  if (typeof service !== 'string' || service === '') throw invalidOption('service', 'a non-empty string')

  return async (folder) => {
    const { AsyncEntry } = await moduleOf(keyring)
    const entry = await orElse(
      unavailable,
      async () =>
        // Without this it falls back to a keyring that is gone after the next logout.
        new AsyncEntry(service, account, { linux: { store: 'secret-service' } }),
    )

    const read = async () => {
      const text = await orElse(locked, () => entry.getPassword())
      const key = text ? keyBytes(text) : undefined
      if (text && !key) throw foreign(service, account)
      return key
    }

    const make = async () => {
      // Another process may have made it meanwhile.
      const present = await read()
      if (present) return present

      const made = new Uint8Array(randomBytes(32))
      await orElse(unavailable, () => entry.setPassword(Buffer.from(made).toString('base64')))
      return made
    }

    const key = (await read()) ?? (await folder.exclusively(make))
    await folder.adopt(key)
    return key
  }
}

async function moduleOf(given: KeychainKeyOptions['keyring']): Promise<Keyring> {
  if (typeof given === 'object') return given

  try {
    // Within `try`, bundlers accept that the package is not installed.
    return given ? await given() : await import('@napi-rs/keyring')
  } catch (cause) {
    throw missing(cause)
  }
}

async function orElse<T>(refuse: (cause: unknown) => TokenManagerError, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw refuse(cause)
  }
}

function missing(cause: unknown): TokenManagerError {
  const what = `keychainKey() needs the package @napi-rs/keyring: install it, or ${ALTERNATIVES}`
  return new TokenManagerError('ERR_UNSUPPORTED', 'keychain_unavailable', what, { cause })
}

function unavailable(cause: unknown): TokenManagerError {
  const what = `There is no keychain here that keeps a key (on Linux, a Secret Service): ${ALTERNATIVES}`
  return new TokenManagerError('ERR_UNSUPPORTED', 'keychain_unavailable', what, { cause })
}

function locked(cause: unknown): TokenManagerError {
  const what = `The keychain is locked, or does not let this program in: unlock it, or ${ALTERNATIVES}`
  return new TokenManagerError('ERR_STORE_FAILED', 'keychain_unavailable', what, { cause })
}

function foreign(service: string, account: string): TokenManagerError {
  const what = `The keychain's entry ${service}/${account} holds no key of this library: give another service or account`
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', what)
}
