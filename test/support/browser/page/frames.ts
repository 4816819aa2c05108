type Run = { readonly run: string; readonly argument: unknown }
type Done = { readonly done: unknown } | { readonly failed: string }

/** Test pages inside this one. */
export const frames = {
  /** Opens `url` in a frame, runs `run` (a function's source) in it, and gives back what it returns. */
  async run(url: string, sandbox: string | undefined, run: string, argument?: unknown): Promise<unknown> {
    const frame = document.createElement('iframe')
    if (sandbox !== undefined) frame.setAttribute('sandbox', sandbox)
    frame.src = url
    const answer = new Promise<Done>((resolve) => {
      addEventListener('message', function hear({ source, data }) {
        if (source !== frame.contentWindow) return
        if (data === 'ready') return frame.contentWindow?.postMessage({ run, argument } satisfies Run, '*')
        removeEventListener('message', hear)
        resolve(data)
      })
    })
    document.body.append(frame)
    const said = await answer
    frame.remove()
    if ('failed' in said) throw new Error(said.failed)
    return said.done
  },
  /** In a frame: does what the page around it asks for. */
  listen() {
    if (parent === window) return
    addEventListener('message', async ({ data }: MessageEvent<Run>) => {
      const run = new Function('argument', `return (${data.run})(argument)`)
      const done: Done = await Promise.resolve(data.argument)
        .then((argument) => run(argument))
        .then(
          (value) => ({ done: value }),
          (error) => ({ failed: String(error?.stack ?? error) }),
        )
      parent.postMessage(done, '*')
    })
    parent.postMessage('ready', '*')
  },
}
