// Hosts to add out of what somebody typed or pasted: an address a line, with roles and labels after it.
import type { HostSpec } from '../../shared/api/flotilla/v1.ts'
import { hostNameFrom } from '../../shared/machinery/host-name.ts'

export interface NewHost {
  /** Name of the Host, as `flotilla node add` makes it out of the address. */
  readonly name: string
  readonly spec: HostSpec
}

export interface TypedHosts {
  readonly hosts: readonly NewHost[]
  /** What is wrong, by line. */
  readonly problems: readonly string[]
}

function parseLine(line: string): NewHost | string {
  const [given = '', ...words] = line.split(/[\s,]+/).filter(Boolean)
  const address = given.replace(/^ssh:\/\//, '').replace(/\/$/, '')
  const name = hostNameFrom(address)
  if (!name || !/^[A-Za-z0-9_.@:[\]$-]+$/.test(address) || address.startsWith('-'))
    return `${JSON.stringify(given)} is not an address; it wants user@host or user@host:port`
  const labels: Record<string, string> = {}
  const roles: string[] = []
  for (const word of words) {
    const [key = '', value, ...rest] = word.split('=')
    if (!key || rest.length) return `${JSON.stringify(word)} is neither a role nor a label; a label wants key=value`
    if (value === undefined) roles.push(key)
    else labels[key] = value
  }
  return {
    name,
    spec: { address, ...(Object.keys(labels).length ? { labels } : {}), ...(roles.length ? { roles } : {}) },
  }
}

export function parseHosts(text: string): TypedHosts {
  const hosts: NewHost[] = []
  const problems: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const bare = line
      .replace(/#.*/, '')
      .replace(/^\s*ssh\s+/, '')
      .trim()
    if (!bare) continue
    const host = parseLine(bare)
    if (typeof host === 'string') problems.push(`Line ${index + 1}: ${host}.`)
    else if (hosts.some(({ name }) => name === host.name))
      problems.push(`Line ${index + 1}: ${host.name} is there twice.`)
    else hosts.push(host)
  }
  return { hosts, problems }
}
