import { invalidOption } from './invalid-option.ts'

/** The names of the options that `T` has. */
export type OptionNames<T> = Readonly<Record<Exclude<keyof T, symbol>, true>>

/**
 * A misspelt option would do nothing, and nobody would notice what is not checked.
 * @param prefix what its name is read with, such as `'dpop.'`
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a member of `given` that is none of `names`
 */
export function checkOptionNames(given: object, names: Readonly<Record<string, true>>, prefix = ''): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return
  throw invalidOption(`There is no option ${prefix}${unknown}; there are ${Object.keys(names).join(', ')}`)
}
