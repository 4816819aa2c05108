import type { Clause, Context, State } from './protocol-state.ts'
import { castDoubt, idle, LAST, LEASE, lease, process, REQUEST } from './protocol-state.ts'

/**
 * The claim, send and commit of one refresh as a small model, to be searched whole. It describes, in `src/session`: `refresh.ts`
 * (`underLock`, `taken`, `settledBy`, `sent`, `claimedAgain`), `attempt.ts` (`answered`), `claim.ts` (`claimFrom`, `takeBack`, `release`,
 * `isDead`), `commit.ts` (`commit`, `refreshed`, `reject`, `leave`, `spentInDoubt`), `sign-out.ts` (`bury`) and `record-watch.ts`
 * (`unchangedFor`). Change it together with them.
 *
 * One step is one write of the record, one thing sent, one answer, or one tick of time. A context may let any number of ticks go
 * by before any of its steps (it sleeps), may crash, or may hang: stand still for ever and keep its lock. Tokens are numbers, and
 * each refresh issues the next one: a strict server ends the family when a used token comes, a graceful one does not mind. What is
 * sent reaches the server within REQUEST ticks or never; its sender may take it for lost before that.
 */

/** A step that can be taken: what it is called, and what it leads to. Faults are no way out of a deadlock. */
export type Take = (name: string, change: (state: State) => unknown, kind?: 'fault') => void

/** Every step of the protocol without `left`, and of its world. */
export function steps(now: State, take: Take, left?: Clause): void {
  const has = (clause: Clause) => clause !== left
  const living = (c: Context) => c.phase !== 'hung' && c.phase !== 'crashed'
  const over = (s: State, c: Context) => s.ended !== '' || s.grant !== 0 || s.generation !== c.from || s.token < 0
  const leave = (s: State, c: Context, released = c.owns && has('leaving releases the lease')) => {
    if (released) lease(s, undefined, 'none')
    Object.assign(c, idle)
  }

  for (const [index, context] of now.contexts.entries()) {
    if (!living(context)) continue
    const step = (what: string, change: (s: State, c: Context) => unknown, kind?: 'fault') =>
      take(`${'ABC'[index]} ${what}`, (s) => change(s, s.contexts[index] as Context), kind)

    switch (context.phase) {
      case 'idle':
        if (now.ended || now.grant || now.token < 0 || now.generation === LAST) break
        if (now.contexts.every(({ lock }) => !lock))
          step('begins with the lock', (s, c) => Object.assign(c, { phase: 'looking', from: s.generation, lock: true }))
        else
          step(
            'begins with a stolen lock',
            (s, c) => {
              for (const o of s.contexts) if (o.lock) Object.assign(o, { lock: false, robbed: living(o) })
              Object.assign(c, { phase: 'looking', from: s.generation, lock: true })
            },
            'fault',
          )
        if (has('not had in time, a lock is done without'))
          step('begins without the lock', (s, c) => Object.assign(c, { phase: 'looking', from: s.generation }))
        break
      case 'looking': {
        const { lock } = context
        if (over(now, context)) step('finds it settled', leave)
        const proof = lock && (now.lease === 'locked' || !has('a lock proves only that a lease taken under it is dead'))
        const old = now.still >= LEASE && has('a lease dies by time')
        // Of a context that crashed its machine may tell that it is over; of one that hangs nobody can.
        const isKnownDead = (c: Context) =>
          c.owns && (c.phase === 'crashed' || !has('only a process that is over leaves a dead lease'))
        const orphaned = now.contexts.some((other) => other !== context && isKnownDead(other))
        const free = now.lease === 'none' || proof || old || orphaned || !has('a claim waits while a lease lives')
        const fits = !over(now, context) || (!has('a claim needs the generation the refresh began from') && !now.ended)
        if (fits && now.token >= 0 && now.grant === 0 && free)
          step(now.lease === 'none' ? 'claims' : 'takes the lease over', (s, c) => {
            const doubtful = s.lease !== 'none'
            const { owns, still } = { ...c, ...s }
            lease(s, c, c.lock ? 'locked' : 'plain')
            s.takenOver = doubtful
            if (owns && !has('a claim has an identity of its own')) s.still = still
            if (doubtful && has('taking over leaves doubt')) castDoubt(s)
            const waits = doubtful && has('taking over waits and reads again')
            Object.assign(c, { phase: waits ? 'waiting' : 'ready', token: s.token, age: 0 })
            if (s.generation !== c.from) s.broken = 'what has been refreshed is not refreshed again'
          })
        break
      }
      case 'waiting':
        if (context.age > 0)
          step('reads again', (s, c) => {
            if (!c.owns || over(s, c)) leave(s, c)
            else if (isOld(c) || isRobbed(c, s)) again(s, c)
            else send(s, c)
          })
        break
      case 'ready':
        if (!has('the age counts from before the swap'))
          step('hears that it claimed', (_, c) => Object.assign(c, { age: 0 }))
        if (isOld(context)) step('finds that it slept', again)
        else step('sends', send)
        break
      case 'sent':
        step('is answered', (s, c) => {
          if (process(s, c.token)) Object.assign(c, { phase: 'granted', given: s.issued })
          else c.phase = 'refused'
          if (c.phase === 'granted') s.handed = s.issued
          else if (s.handed === c.token) s.handed = -1
        })
        step(
          'hears of no answer',
          (s, c) => {
            s.strays = [...s.strays, { token: c.token, out: c.out }]
            c.phase = 'lost'
          },
          'fault',
        )
        break
      case 'lost':
        if (!context.retried)
          step('tries once more', (s, c) => {
            if (has('a retry needs the lease still to be ours') && (!c.owns || over(s, c))) return leave(s, c)
            if (has('a retry raises the beat')) s.still = 0
            if (has('a retry leaves doubt')) castDoubt(s)
            s.takenOver = false
            Object.assign(c, { phase: 'ready', age: 0, retried: true })
          })
        step('gives up', (s, c) => {
          if (c.owns && !over(s, c) && has('giving up leaves doubt')) castDoubt(s)
          leave(s, c, c.owns)
        })
        break
      case 'granted':
        step('commits', commit)
        break
      case 'refused':
        step('takes the refusal', (s, c) => {
          const current = s.generation === c.from || !has('a refusal counts for its own generation only')
          const holds = s.lease === 'none' || c.owns || !has('a refusal leaves the lease of another')
          if (!s.ended && s.grant === 0 && current && holds && s.token >= 0) {
            if (s.doubt < 0 || !has('a refusal in doubt does not sign out'))
              Object.assign(s, { ended: 'rejected', doubt: -1 })
            if (s.ended && s.family === 'reused') s.broken = 'nobody is signed out by our own mistake'
            s.token = -1
            if (!has('a refusal in doubt keeps the generation')) s.generation++
            lease(s, undefined, 'none')
          }
          leave(s, c)
        })
    }
    if (context.robbed)
      step('hears that its lock was stolen', (s, c) => {
        c.robbed = false
        if (c.phase === 'ready' && !c.retried) return again(s, c)
        const hasSent = ['ready', 'sent', 'granted', 'refused', 'lost'].includes(c.phase)
        const awake = c.age < LEASE || !has('who slept takes no lease back')
        const fits = !over(s, c) || has('a lease is taken back whatever the generation')
        const takes = s.lease !== 'none' && hasSent && (c.owns || (awake && s.takenOver)) && fits
        if (takes && has('who lost the lock takes the lease back')) lease(s, c, 'plain')
      })
    if (now.faults > 0 && context.phase !== 'idle')
      // Without a lock to keep, they are one.
      for (const phase of ['crashed', 'hung'] as const)
        if (phase === 'crashed' || context.lock)
          step(
            phase === 'hung' ? 'hangs' : 'crashes',
            (s, c) => {
              if (c.phase === 'sent') s.strays = [...s.strays, { token: c.token, out: c.out }]
              if (c.given === s.handed) s.handed = -1
              Object.assign(c, { ...idle, phase, owns: c.owns, lock: phase === 'hung' && c.lock })
            },
            'fault',
          )
  }
  world()

  function isOld({ age }: Context) {
    return age > (has('a request ends before its lease') ? LEASE - REQUEST : LEASE) && has('an old claim sends nothing')
  }

  function isRobbed({ owns, lock, robbed }: Context, s: State) {
    return owns && s.lease === 'locked' && !lock && !robbed
  }

  function again(s: State, c: Context) {
    const { owns, still } = { ...c, ...s }
    if (owns) lease(s, undefined, 'none')
    Object.assign(c, { phase: 'looking', token: -1, age: 0 })
    // Whoever does not look before the next claim sees no other lease then.
    if (owns && !has('a claim has an identity of its own')) Object.assign(c, { owns }) && Object.assign(s, { still })
  }

  function send(s: State, c: Context) {
    for (const other of s.contexts) {
      if (other === c || !living(other)) continue
      if (other.phase === 'sent') s.broken = 'one refresh at a time'
      const answered = other.phase === 'granted' || other.phase === 'refused'
      if (answered && other.token === c.token && other.age < LEASE) s.broken = 'no token is sent twice'
    }
    if (c.token <= s.stored) s.broken = 'no token is sent twice'
    Object.assign(c, { phase: 'sent', out: 0, clears: s.doubt > REQUEST })
  }

  function commit(s: State, c: Context) {
    const foreign = s.grant !== 0 && has('a commit needs the grant')
    if (foreign || (s.ended && has('a commit sees a sign-out'))) {
      if (has('a commit after a sign-out fills the outbox')) s.outbox = Math.max(s.outbox, c.given)
    } else if (
      (s.generation === c.from || !has('a commit needs the generation')) &&
      (c.owns || has('a commit does not need the lease'))
    ) {
      if (s.grant !== 0) s.broken = 'a session is never given the tokens of another'
      const doubt = c.clears || !has('only a refresh begun after the last lost request clears the doubt') ? -1 : s.doubt
      if (c.age < LEASE) s.stored = Math.max(s.stored, c.token)
      Object.assign(s, { generation: s.generation + 1, token: c.given, doubt, ended: '' })
      if (c.owns || !has('a commit leaves the lease of another')) lease(s, undefined, 'none')
    }
    leave(s, c)
  }

  /** What happens without any context: time, the server, and the person. */
  function world() {
    const due =
      now.contexts.some(({ robbed }) => robbed) ||
      now.strays.some(({ out }) => out >= REQUEST) ||
      now.contexts.some((c) => c.phase === 'sent' && c.out >= REQUEST)
    const up = (ticks: number, most: number) => (ticks < 0 ? ticks : Math.min(ticks + 1, most))
    if (!due)
      take('time passes', (s) => {
        s.doubt = up(s.doubt, REQUEST + 1)
        s.still = s.lease === 'none' ? 0 : up(s.still, LEASE)
        for (const stray of s.strays) stray.out++
        for (const c of s.contexts) {
          if (c.token >= 0) c.age = up(c.age, has('a request ends before its lease') ? LEASE : LEASE + 1)
          if (c.phase === 'sent') c.out++
        }
      })
    for (const [index, { token }] of now.strays.entries()) {
      const drop = (s: State) => Object.assign(s, { strays: s.strays.filter((_, other) => other !== index) })
      take(`the server gets a stray ${token}`, (s) => {
        drop(s)
        process(s, token)
      })
      take(`a stray ${token} never arrives`, drop)
    }
    if (now.faults > 0 && now.family === 'alive')
      take('the server ends the family', (s) => Object.assign(s, { family: 'revoked' }), 'fault')
    if (!now.ended && now.grant === 0)
      take(
        'the person signs out',
        (s) => {
          s.outbox = Math.max(s.outbox, s.token)
          Object.assign(s, { ended: 'signed_out', token: -1, doubt: -1 })
          lease(s, undefined, 'none')
        },
        'fault',
      )
    else if (now.grant === 0)
      take(
        'another person signs in',
        (s) => Object.assign(s, { grant: 1, generation: 0, token: 6, ended: '' }),
        'fault',
      )
  }
}
