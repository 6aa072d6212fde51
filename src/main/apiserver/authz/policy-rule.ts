// A short notation for RBAC rules.
import type { PolicyRule } from '../../../shared/api/rbac/v1.ts'

const words = (text: string): string[] => text.split(' ').filter(Boolean)

/** Verbs, API group(s; `core` = ''), resources, optional names: each a list of words. */
export function rule(verbs: string, groups: string, resources: string, names = ''): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map(group => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(names ? { resourceNames: words(names) } : {}),
  }
}
/** A rule for non-resource URLs: verbs and paths, lists of words. */
export const urls = (verbs: string, paths: string): PolicyRule => ({
  verbs: words(verbs),
  nonResourceURLs: words(paths),
})

export const READ = 'get list watch'
export const EVENTS = rule('create patch update', 'core events.k8s.io', 'events')
