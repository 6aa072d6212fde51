// What the last lines of a container say that it could not reach: a name that is not known, or a connection that failed.
// Programs say it in words of their own; what is found is a guess until the cluster has something of that name.

export interface Clue {
  readonly kind: 'name' | 'connection'
  /** A name or an address. */
  readonly host: string
  readonly port: number | undefined
  /** Where it was read. */
  readonly line: string
}

/** By the programs that write so. */
const UNKNOWN_NAMES: readonly RegExp[] = [
  // Go
  /\blookup ([\w.-]{1,253})(?: on \S+)?: (?:no such host|server misbehaving|i\/o timeout|Temporary failure)/i,
  // Node
  /\b(?:ENOTFOUND|EAI_AGAIN) ([\w.-]{1,253})/,
  // curl, wget, busybox
  /could not resolve (?:host|proxy): ([\w.-]{1,253})/i,
  /unable to resolve host address .?([\w.-]{1,253})/i,
  /bad address ['"]([\w.-]{1,253})/i,
  /can't resolve ['"]([\w.-]{1,253})/i,
  // libpq, MySQL, Java, nginx
  /could not translate host name "([\w.-]{1,253})"/i,
  /unknown (?:MySQL server )?host '?([\w.-]{1,253})/i,
  /UnknownHostException: ([\w.-]{1,253})/,
  /host not found in upstream "([\w.-]{1,253})/i,
  // Redis, ping, getent: the C library's own words
  /\b([\w.-]{1,253})(?::\d+)?: (?:Name or service not known|Temporary failure in name resolution|Name does not resolve)/i,
]

const FAILED = /timed? ?out|ETIMEDOUT|refused|unreachable|EHOSTUNREACH|no route to host/i
/** `db port 80`, `"db" (10.0.0.1), port 80`, `(db) [10.0.0.1] 80`, `10.0.0.1:80`, `(10.0.0.1)`. */
const ADDRESSES: readonly RegExp[] = [
  /([\w.-]{1,253})["')\]]* ?(?:\([^)]{0,60}\))?,? port (\d{1,5})\b/i,
  /\[([\w.-]{1,253})\] (\d{1,5})\b/,
  /(?<![\d:])([\w.-]{1,253}):(\d{1,5})(?!\d|:\d)/,
  /\((\d{1,3}(?:\.\d{1,3}){3})\)/,
]
const LONGEST_LINE = 500

function addressIn(line: string): Pick<Clue, 'host' | 'port'> | undefined {
  for (const pattern of ADDRESSES) {
    const [, host, port] = pattern.exec(line) ?? []
    if (host) return { host, port: port ? Number(port) : undefined }
  }
  return undefined
}

/** @param before what was written before, the last first: programs tell first where they connect to, then that it failed */
function clueIn(line: string, before: readonly string[]): Clue | undefined {
  for (const pattern of UNKNOWN_NAMES) {
    const host = pattern.exec(line)?.[1]
    if (host) return { kind: 'name', host, port: undefined, line }
  }
  if (!FAILED.test(line)) return undefined
  for (const each of [line, ...before]) {
    const address = addressIn(each)
    if (address) return { kind: 'connection', ...address, line }
  }
  return undefined
}

/** @returns what was said last, first */
export function cluesIn(lines: readonly string[]): Clue[] {
  const backwards = lines.map(line => line.slice(0, LONGEST_LINE)).reverse()
  return backwards.flatMap((line, at) => clueIn(line, backwards.slice(at + 1)) ?? [])
}
