// How nodes are told where else the API server is, or soon will be: a ConfigMap that every agent follows and remembers,
// and an annotation in which it says what it has understood.

/**
 * Its `servers` is a JSON list of URLs: where a control plane that moves will be. Its `peers` is one as well: where the
 * API servers of a shared store are that live now.
 */
export const API_SERVERS = { namespace: 'kube-public', name: 'flotilla-api-servers' }
/** On nodes: the `servers` that the agent knows by now. */
export const KNOWN_API_SERVERS = 'flotilla.dev/known-api-servers'

/** @returns the URLs; what is none is left out */
export function parseServers(text: string | undefined): string[] {
  try {
    const parsed: unknown = JSON.parse(text ?? '[]')
    if (!Array.isArray(parsed)) return []
    return parsed.filter((url): url is string => typeof url === 'string' && /^https:\/\/[\w.:[\]-]+$/.test(url))
  } catch {
    return []
  }
}
