/**
 * Shows what several commands print at the same time one after the other, so that no line of one stands within another's. What the first
 * prints is shown as it comes, what the others print is kept until those before them have ended.
 *
 * @param {(text: string) => void} show
 * @returns {() => { print: (text: string) => void, end: () => void }} takes the next turn
 */
export function inTurn(show) {
  /** @type {{ kept: string, hasEnded: boolean }[]} */
  const turns = []

  function showWhatIsDue() {
    for (let first = turns[0]; first; first = turns[0]) {
      if (first.kept) show(first.kept)
      first.kept = ''
      if (!first.hasEnded) return
      turns.shift()
    }
  }

  return () => {
    const own = { kept: '', hasEnded: false }
    turns.push(own)
    return {
      print(text) {
        own.kept += text
        showWhatIsDue()
      },
      end() {
        own.hasEnded = true
        showWhatIsDue()
      },
    }
  }
}
