// What the rules of a container say of its ends.
import type { Container, ContainerRestartRule, PodSpec } from '../api/core/v1.ts'

/** The rule of the container itself about an end with this code. */
export const restartRuleOf = (
  { restartPolicyRules }: Pick<Container, 'restartPolicyRules'>,
  exitCode: number,
): ContainerRestartRule | undefined =>
  restartPolicyRules?.find(({ exitCodes: { operator, values = [] } = { operator: '' } }) =>
    operator === 'In' ? values.includes(exitCode) : operator === 'NotIn' && !values.includes(exitCode),
  )

/** Whether the end of one container may start all of them again. */
export const mayRestartAll = ({ containers, initContainers = [] }: PodSpec): boolean =>
  [...containers, ...initContainers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  )
