// How operations call a group: `rbacAuthorization` for `rbac.authorization.k8s.io`, `core` for the one without a name.

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export function groupName(group: string): string {
  if (group === '') return 'core'
  const [first = '', ...more] = group.replace(/\.k8s\.io$/, '').split('.')
  return first + more.map(capital).join('')
}
