// What a page of the benchmark can be told to do with one library, the `subject`.
import * as library from 'subject'

const subject = { everyTab: false, fetch: undefined, ...library }

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
/** Wall clock of the machine, ms; the page's own clocks can be set ahead. */
const now = () => window.clocks.origin + window.clocks.real()

const stub = async (input, init) => {
  new Request(input, init)
  return new Response('{}')
}
const bare = () => subject.token()
const withToken = async (url, init) => {
  const authorization = `Bearer ${await subject.token()}`
  return window.fetch(url, { ...init, headers: { ...init?.headers, authorization } })
}

window.page = {
  name: subject.name,
  everyTab: subject.everyTab,
  begin: (session) => subject.begin(session),
  open: (session) => (subject.everyTab ? subject.begin(session) : subject.open()),

  /** Asks `count` times at `moment`, at which the clocks are set ahead, and says when the last answer came, and what came. */
  async rush({ moment, count, ahead, opens = false, session }) {
    while (now() < moment - 15) await new Promise((resolve) => setTimeout(resolve, 5))
    while (now() < moment);
    window.clocks.ahead = ahead
    if (opens) await window.page.open(session)
    const answers = await Promise.allSettled(Array.from({ length: count }, bare))
    const got = answers.filter(({ status }) => status === 'fulfilled').map(({ value }) => value)
    return { ended: now(), answered: got.length, tokens: [...new Set(got.map((token) => token.slice(-16)))] }
  },

  /** Microseconds of one call for a token that is fresh, beside a call of nothing. */
  async tokenCost({ rounds, calls }) {
    const value = {}
    const nothing = async () => value
    const costs = []
    for (let round = 0; round < rounds; round++) {
      const floor = await timed(nothing, calls)
      costs.push((await timed(bare, calls)) - floor)
    }
    return Math.max(0, median(costs))
  },

  /** How many times as long as a plain `fetch` a call takes over a stub in place of the network, GET and POST. */
  async stubCost({ rounds, calls }) {
    const real = window.fetch
    const url = `${location.origin}/api/notes?limit=20`
    const authorization = `Bearer ${await subject.token()}`
    const json = { accept: 'application/json', 'content-type': 'application/json' }
    const body = JSON.stringify({ title: 'a note' })
    const send = subject.fetch ?? withToken
    window.fetch = stub
    try {
      const get = await ratio(
        () => window.fetch(url, { headers: { authorization } }),
        () => send(url),
      )
      const post = await ratio(
        () => window.fetch(url, { method: 'POST', body, headers: { ...json, authorization } }),
        () => send(url, { method: 'POST', body, headers: json }),
      )
      return { get, post }
    } finally {
      window.fetch = real
    }

    async function ratio(plain, ours) {
      const ratios = []
      for (let round = 0; round < rounds; round++) {
        const before = await timed(plain, calls)
        const own = await timed(ours, calls)
        const after = await timed(plain, calls)
        ratios.push((2 * own) / (before + after))
      }
      return median(ratios.slice(rounds >> 2))
    }
  },
}

async function timed(call, calls) {
  const { real } = window.clocks
  const began = real()
  for (let left = calls; left > 0; left--) await call()
  return ((real() - began) / calls) * 1000
}
