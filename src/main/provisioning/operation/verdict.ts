// What a check says in the end.
import type { Host } from '../../../shared/api/flotilla/v1.ts'
import { type Said, say } from '../say.ts'

export function verdict({ metadata: { name }, status }: Host, findings: readonly { severity: string }[]): Said {
  const count = (severity: string) => findings.filter(finding => finding.severity === severity).length
  const [errors, warnings] = [count('Error'), count('Warning')]
  const { nodeName: node } = status
  if (errors === 0 && node === undefined) {
    if (warnings === 0) return say('the host can join')
    return warnings === 1
      ? say('the host can join; 1 warning')
      : say('the host can join; {warnings} warnings', { warnings })
  }
  if (errors === 0 && node !== undefined) {
    if (warnings === 0) return say('{name} is the node {node}', { name, node })
    return warnings === 1
      ? say('{name} is the node {node}; 1 warning', { name, node })
      : say('{name} is the node {node}; {warnings} warnings', { name, node, warnings })
  }
  if (node === undefined)
    return errors === 1
      ? say('1 finding keeps the host from joining')
      : say('{errors} findings keep the host from joining', { errors })
  return errors === 1
    ? say('1 finding keeps it from joining again')
    : say('{errors} findings keep it from joining again', { errors })
}
