export { guard as load } from '$lib/guard'
