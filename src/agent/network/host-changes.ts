// Tells whether somebody may have changed what the agent set up on the host. Looking at all of that takes a dozen
// programs; this takes some reads of /proc and one, and where the kernel's events are heard next to nothing until there
// is one.
import { readFile } from 'node:fs/promises'
import type { Run } from './exec.ts'
import type { Heard } from './host-events.ts'
import { TABLE } from './names.ts'

/** Not seen by looking are single rules in chains that stay: so everything is looked at now and then all the same. */
const LOOKS_PER_FULL_LOOK = 6
/** Where they are heard of, this is for what nobody has thought of. */
const LOOKS_PER_FULL_LOOK_WHEN_HEARD = 24

type ReadFile = (name: string) => Promise<string>

const FILES = ['route', 'fib_trie', 'ipv6_route', 'if_inet6', 'ip_tables_names', 'ip6_tables_names']
const LEGACY = [
  ['ip_tables_names', 'iptables-legacy-save'],
  ['ip6_tables_names', 'ip6tables-legacy-save'],
] as const
/** Columns of a file that count uses; they change without a change. */
const COUNTERS: Readonly<Record<string, readonly number[]>> = {
  route: [4, 5],
  ipv6_route: [6, 7],
}

interface ListedChain {
  readonly family: string
  readonly table: string
  readonly name: string
}

/** Chains of our own that come and go with Services are left out: all but one that is always there. */
const isOthersOrBase = ({ table, name }: ListedChain): boolean => table !== TABLE || name === 'nat-postrouting'

export class HostChanges {
  readonly #run: Run
  readonly #read: ReadFile
  /** As it stayed while everything was looked at twice: all was well then. */
  #settled: string | undefined
  #before: string | undefined
  #after: string | undefined
  #looks = 0

  /** @param read a file about this process's network namespace; '' where the kernel lacks it */
  constructor(run: Run, read: ReadFile = name => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')) {
    this.#run = run
    this.#read = read
  }

  /**
   * @param heard from the kernel since the last time
   * @returns whether something is not as when all was well, or has not been looked at for long
   */
  async any(heard: Heard): Promise<boolean> {
    const isQuiet = heard === 'nothing' && this.#settled !== undefined && !(await this.#hasLegacyTables())
    this.#before = isQuiet ? this.#settled : await this.#state().catch(() => undefined)
    const isSame = heard !== 'rules' && this.#before !== undefined && this.#before === this.#settled
    const mostLooks = heard === 'unknown' ? LOOKS_PER_FULL_LOOK : LOOKS_PER_FULL_LOOK_WHEN_HEARD
    this.#looks = isSame ? (this.#looks + 1) % mostLooks : 0
    return !isSame || this.#looks === 0
  }

  /**
   * Everything was looked at. Where something may have been put right by that, it is looked at again: what somebody
   * changes back at once looks as if nothing had happened.
   */
  async looked(): Promise<void> {
    const last = this.#after
    this.#after = await this.#state().catch(() => undefined)
    this.#settled = this.#before === this.#after && this.#before === last ? last : undefined
  }

  /** The next time counts as changed: what was to be put right was not. */
  forget(): void {
    this.#settled = undefined
    this.#after = undefined
  }

  async #state(): Promise<string> {
    const [links, chains, ...texts] = await Promise.all([
      this.#read('dev'),
      this.#chains(),
      ...FILES.map(async name => withoutCounters(name, await this.#read(name))),
    ])
    return JSON.stringify([namesOf(links), chains, texts, await this.#legacyRules(texts)])
  }

  /** Neither their changes are told, nor that there are any now. */
  async #hasLegacyTables(): Promise<boolean> {
    const names = await Promise.all(LEGACY.map(([file]) => this.#read(file)))
    return names.some(text => text !== '')
  }

  /** @param texts of FILES */
  async #legacyRules(texts: readonly string[]): Promise<string[]> {
    const tools = LEGACY.flatMap(([file, tool]) => (texts[FILES.indexOf(file)]?.includes('filter') ? [tool] : []))
    const saved = await Promise.all(tools.map(tool => this.#run([tool, '-t', 'filter']).catch(() => '')))
    return saved.map(text => text.replace(/^#.*$|\[\d+:\d+\]/gm, ''))
  }

  /** With their handles, which a chain that is made again does not keep. */
  async #chains(): Promise<ListedChain[]> {
    const { nftables } = JSON.parse(await this.#run(['nft', '-j', 'list', 'chains'])) as {
      nftables: { chain?: ListedChain }[]
    }
    return nftables.flatMap(({ chain }) => (chain && isOthersOrBase(chain) ? [chain] : []))
  }
}

function withoutCounters(name: string, text: string): string {
  const counters = COUNTERS[name]
  if (!counters) return text
  return text
    .split('\n')
    .map(line =>
      line
        .trim()
        .split(/\s+/)
        .toSpliced(counters[0] ?? 0, counters.length)
        .join(' '),
    )
    .join('\n')
}

const namesOf = (links: string): string[] => links.split('\n').flatMap(line => /^\s*([^\s:]+):/.exec(line)?.[1] ?? [])
