// `flotilla://…` links: they lead to a place in the window, and never do anything.

/** Words of a Kubernetes name or a group; nothing that could climb out of a path. */
const WORD = '[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?'
const PLACES = new RegExp(`^(?:topology|timeline|hosts|k/${WORD}/v[a-z0-9]+/${WORD})?$`)
/** What a place may be told: namespaces, the object that is open and its tab, a filter. */
const QUERY: Readonly<Record<string, RegExp>> = {
  ns: /^[a-z0-9][a-z0-9,-]{0,1000}$/,
  open: /^[a-zA-Z0-9][a-zA-Z0-9./:_-]{0,500}$/,
  tab: /^[a-z-]{1,30}$/,
}
const MAX_LENGTH = 2_000

/** @returns a place in the window such as `/topology?ns=shop`; undefined for what is no link of ours */
export function placeOfLink(link: string): string | undefined {
  if (link.length > MAX_LENGTH || !link.startsWith('flotilla://') || !URL.canParse(link)) return undefined
  const url = new URL(link)
  if (url.username || url.password || url.port || url.hash) return undefined
  // `flotilla://topology` has its first word where other URLs have a host.
  const place = (url.host + url.pathname).replace(/\/$/, '')
  const path = place === 'overview' ? '' : place
  if (!PLACES.test(path) || path.includes('..')) return undefined
  const query = new URLSearchParams()
  for (const [name, value] of url.searchParams) {
    const pattern = Object.hasOwn(QUERY, name) ? QUERY[name] : undefined
    if (!pattern?.test(value) || query.has(name)) return undefined
    query.set(name, value)
  }
  return `/${path}${query.size > 0 ? `?${query.toString()}` : ''}`
}

/** The place that a command line asks for; a browser starts us with the link as an argument. */
export function placeInArguments(argv: readonly string[]): string | undefined {
  const link = argv.find(argument => argument.startsWith('flotilla:'))
  return link === undefined ? undefined : placeOfLink(link)
}
