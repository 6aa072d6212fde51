// Loads the window anew when the program did not come, and its style sheet when only that did not: browsers give up what
// they are loading when the networks of the machine change, as they do while containers start. By itself, since the program
// may be what did not come.
{
  const KEY = 'flotilla.reloads'
  const MOST = 6
  const FORGOTTEN_MS = 60_000
  let isDue = false

  /** What does not come at all is not asked for without end. */
  const loadAnew = () => {
    const [count, at] = (sessionStorage.getItem(KEY) ?? '0 0').split(' ').map(Number)
    const before = Date.now() - at < FORGOTTEN_MS ? count : 0
    if (isDue || before >= MOST) return
    isDue = true
    sessionStorage.setItem(KEY, `${before + 1} ${Date.now()}`)
    setTimeout(() => location.reload(), 250 * 2 ** before)
  }

  let sheets = 0

  /** In its place: the program is at work without it, and has the token of its link, which works once. */
  const askForSheet = sheet => {
    if (sheets >= MOST) return
    setTimeout(() => sheet.replaceWith(sheet.cloneNode()), 250 * 2 ** sheets++)
  }

  // Of elements, only those who listen before it gets there hear it.
  addEventListener(
    'error',
    ({ target }) => {
      if (target instanceof HTMLScriptElement) loadAnew()
      else if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') askForSheet(target)
    },
    true,
  )
}
