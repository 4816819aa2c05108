/** The style sheet of the panel. It applies only inside of the panel's shadow root. */
export const panelStyle = `
:host { display: block; container-type: inline-size; font: 14px/1.45 system-ui, sans-serif; color-scheme: light dark; color: light-dark(#1b1d22, #e8eaef); }
section { background: light-dark(#fff, #1b1d22); border: 1px solid light-dark(#c9ced8, #434955); border-radius: 8px; padding: 12px 16px; }
header { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
h2 { font-size: 1em; margin: 0 auto 0 0; }
button { font: inherit; color: inherit; background: light-dark(#eef0f4, #2b2f37); border: 1px solid light-dark(#747c8c, #8b93a3); border-radius: 6px; padding: 3px 10px; cursor: pointer; }
button:focus-visible, ol:focus-visible { outline: 3px solid light-dark(#0b57d0, #8ab4f8); outline-offset: 1px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 10px 0; }
dt { color: light-dark(#545b69, #a9b0bd); }
dd { margin: 0; overflow-wrap: anywhere; }
p { margin: 8px 0; }
p:empty { display: none; }
svg { display: block; width: 100%; height: auto; }
text { font: 12px ui-monospace, monospace; fill: currentColor; }
rect { fill: light-dark(#a8c7fa, #2f5597); }
circle { fill: light-dark(#545b69, #a9b0bd); }
.good { fill: light-dark(#146c2e, #6dd58c); color: light-dark(#146c2e, #6dd58c); }
.bad { fill: light-dark(#b3261e, #f2b8b5); color: light-dark(#b3261e, #f2b8b5); }
.end { fill: light-dark(#7b2ff2, #cfbcff); color: light-dark(#7b2ff2, #cfbcff); }
ol { list-style: none; margin: 10px 0 0; padding: 0; max-height: 16em; overflow: auto; }
li { display: grid; grid-template-columns: 6em 3.5em 9em 1fr; gap: 8px; padding: 2px 0; border-top: 1px solid light-dark(#e3e6ec, #33383f); }
time, code { font: 12px/1.7 ui-monospace, monospace; }
@container (max-width: 480px) { li { grid-template-columns: 6em 1fr; } }
`
