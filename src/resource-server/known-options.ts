import { invalidOption } from './invalid-option.ts'

/** The names of the options that `T` has. */
export type OptionNames<T> = Readonly<Record<Exclude<keyof T, symbol>, true>>

/**
 * Refuses options that do not exist. A misspelt option would have no effect, and then something is not checked that should be.
 * @param prefix what the message puts before the option's name, such as `'dpop.'`
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `given` has a member that is not in `names`
 */
export function checkOptionNames(given: object, names: Readonly<Record<string, true>>, prefix = ''): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return

  throw invalidOption(`There is no option ${prefix}${unknown}; there are ${Object.keys(names).join(', ')}`)
}
