// Hosts to add out of what somebody typed or pasted: an address a line, with roles, labels and the node's name after it.
import type { SshHost } from '../../preload/channels.ts'
import type { HostSpec } from '../../shared/api/flotilla/v1.ts'
import { hostNameFrom } from '../../shared/machinery/host-name.ts'
import { t } from '../i18n/i18n.ts'

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

/** As `flotilla node add --node-name`; no label of Kubernetes is called so. */
const NODE_NAME = 'node-name'

function parseLine(line: string): NewHost | string {
  const [given = '', ...words] = line.split(/[\s,]+/).filter(Boolean)
  const address = given.replace(/^ssh:\/\//, '').replace(/\/$/, '')
  const name = hostNameFrom(address)
  if (!name || !/^[A-Za-z0-9_.@:[\]$-]+$/.test(address) || address.startsWith('-'))
    return t("{given} is not an address; it wants user{'@'}host or user{'@'}host:port", {
      given: JSON.stringify(given),
    })
  const labels: Record<string, string> = {}
  const roles: string[] = []
  let nodeName: string | undefined
  for (const word of words) {
    const [key = '', value, ...rest] = word.split('=')
    if (!key || rest.length)
      return t('{word} is neither a role nor a label; a label wants key=value', { word: JSON.stringify(word) })
    if (value === undefined) roles.push(key)
    else if (key === NODE_NAME) nodeName = value
    else labels[key] = value
  }
  return {
    name,
    spec: {
      address,
      ...(nodeName ? { nodeName } : {}),
      ...(Object.keys(labels).length ? { labels } : {}),
      ...(roles.length ? { roles } : {}),
    },
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
    if (typeof host === 'string') problems.push(t('Line {index}: {host}.', { index: index + 1, host }))
    else if (hosts.some(({ name }) => name === host.name))
      problems.push(t('Line {index}: {name} is there twice.', { index: index + 1, name: host.name }))
    else hosts.push(host)
  }
  return { hosts, problems }
}

/** What can still be added of what the user's SSH configuration names. @param there names of hosts that exist */
export function offeredHosts(known: readonly SshHost[], { hosts }: TypedHosts, there: readonly string[]): SshHost[] {
  const taken = new Set([...there, ...hosts.map(({ name }) => name)])
  return known.filter(({ name }) => {
    const host = parseLine(name)
    return typeof host !== 'string' && host.spec.address === name && !taken.has(host.name)
  })
}
