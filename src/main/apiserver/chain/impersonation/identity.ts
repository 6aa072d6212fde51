// What kind of user a name tells of: a service account, a node, or anybody else.
import { dns1123Label, dns1123Subdomain } from '../../../../shared/machinery/names.ts'

const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/
const NODE = 'system:node:'

export interface Account {
  readonly namespace: string
  readonly name: string
}

export function accountOf(userName: string): Account | undefined {
  const [, namespace = '', name = ''] = ACCOUNT.exec(userName) ?? []
  if (namespace === '' || dns1123Label(namespace).length > 0 || dns1123Subdomain(name).length > 0) return undefined
  return { namespace, name }
}

/** @returns the node's name */
export function nodeOf(userName: string): string | undefined {
  if (!userName.startsWith(NODE)) return undefined
  const name = userName.slice(NODE.length)
  return dns1123Subdomain(name).length > 0 ? undefined : name
}
