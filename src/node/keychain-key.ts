import { randomBytes } from 'node:crypto'
import { invalidOption, TokenManagerError } from '../errors.ts'
import { keyBytes } from './environment-key.ts'
import type { KeyFolder } from './file-store.ts'

/** The part of the package `@napi-rs/keyring` that {@link keychainKey} uses. */
export interface Keyring {
  /** One entry of the operating system's keychain. */
  readonly AsyncEntry: new (
    service: string,
    account: string,
    options?: { readonly linux?: { readonly store?: 'secret-service' } },
  ) => {
    /** Reads the text of the entry. `null` or `undefined` if there is no such entry. */
    getPassword(): Promise<string | null | undefined>
    /** Makes the entry, or replaces it. */
    setPassword(text: string): Promise<unknown>
  }
}

/** Options of {@link keychainKey}. */
export interface KeychainKeyOptions {
  /** The program's name, as the keychain shows it to the person. */
  readonly service: string
  /** The name of the key. If the program has several stores, each of them needs its own name. Default `'tokenward'`. */
  readonly account?: string
  /**
   * The module `@napi-rs/keyring`, or a function that imports it. If your bundler does not find the package, use
   * `keyring: () => import('@napi-rs/keyring')`. Default: it is imported at the first use, and has to be installed beside this library.
   */
  readonly keyring?: Keyring | (() => Promise<Keyring>)
}

const ALTERNATIVES =
  'give option key as environmentKey(), or as a function that fetches it from a key management service'

/**
 * Keeps the key of a {@link fileStore} in the keychain of the operating system: the Keychain of macOS, the Credential Manager of Windows, or the Secret
 * Service of Linux (GNOME Keyring, KWallet). The keyring of the Linux kernel is never used, because it loses its content. The key is made at the first
 * use. If two processes make it at the same time, both get the same key. If the keychain has lost the key, the store is empty, and the files that
 * cannot be decrypted any more are renamed.
 * @returns a function for the option `key`. It rejects with `ERR_UNSUPPORTED` (`keychain_unavailable`) if there is no keychain, and with
 *   `ERR_STORE_FAILED` while the keychain is locked
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
        // Without this option it may use the keyring of the kernel, which is emptied at the next logout.
        new AsyncEntry(service, account, { linux: { store: 'secret-service' } }),
    )

    const read = async () => {
      const text = await orElse(locked, () => entry.getPassword())
      const key = text ? keyBytes(text) : undefined
      if (text && !key) throw foreign(service, account)
      return key
    }

    const make = async () => {
      // Another process may have made the key in the meantime.
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
    // Inside of `try`, bundlers accept that the package is not installed.
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
