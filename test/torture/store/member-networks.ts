// A network of its own for each member of an etcd, joined by routes of this machine, so that a member can be cut off from
// the others while its clients still reach it. Needs root; everything is gone when it is disposed of.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const FORWARDING = '/proc/sys/net/ipv4/ip_forward'

function must(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || error?.message}`)
}

export interface MemberNetwork {
  readonly address: string
  /** Runs what follows it in there. */
  readonly command: readonly string[]
}

export class MemberNetworks implements Disposable {
  readonly members: readonly MemberNetwork[]
  readonly #names: readonly string[]
  readonly #table: string
  readonly #forwarding = readFileSync(FORWARDING, 'utf8')

  /** @throws Error when this machine does not let us */
  constructor(count: number) {
    const id = `fh${process.pid}`
    this.#table = id
    this.#names = Array.from({ length: count }, (_, i) => `${id}-${i}`)
    this.members = this.#names.map((name, i) => ({
      address: `10.213.${i}.2`,
      command: ['ip', 'netns', 'exec', name],
    }))
    try {
      for (const [i, name] of this.#names.entries()) this.#make(name, i)
      writeFileSync(FORWARDING, '1')
      must('nft', 'add', 'table', 'ip', this.#table)
      must('nft', `add chain ip ${this.#table} between { type filter hook forward priority -300; policy accept; }`)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** Between this member and all others nothing gets through any more, on open connections neither. */
  cutOff(member: number): void {
    const { address } = this.members[member]!
    for (const side of ['saddr', 'daddr'])
      must('nft', 'add', 'rule', 'ip', this.#table, 'between', 'ip', side, address, 'drop')
  }

  heal(): void {
    must('nft', 'flush', 'chain', 'ip', this.#table, 'between')
  }

  [Symbol.dispose](): void {
    spawnSync('nft', ['delete', 'table', 'ip', this.#table])
    // The other end of its line goes with it.
    for (const name of this.#names) spawnSync('ip', ['netns', 'delete', name])
    writeFileSync(FORWARDING, this.#forwarding)
  }

  #make(name: string, i: number): void {
    const inside = (...args: string[]) => must('ip', '-n', name, ...args)
    must('ip', 'netns', 'add', name)
    must('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    must('ip', 'address', 'add', `10.213.${i}.1/24`, 'dev', name)
    must('ip', 'link', 'set', name, 'up')
    inside('link', 'set', 'lo', 'up')
    inside('address', 'add', `10.213.${i}.2/24`, 'dev', 'eth0')
    inside('link', 'set', 'eth0', 'up')
    inside('route', 'add', 'default', 'via', `10.213.${i}.1`)
  }
}
