// The same Deployment as kubectl commands, for those who want to learn or to script it.
import type { DeploymentModel } from './deployment-document.ts'

/** Quotes a word for a POSIX shell, only where it is needed. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** One command; words that are not there are left out. */
export const line = (...words: readonly (string | undefined | false)[]): string =>
  words
    .filter((word): word is string => typeof word === 'string' && word !== '')
    .map(shellWord)
    .join(' ')

/** The flag that leads there, also to `default`: whoever runs it may have chosen another one for their context. */
export const inNamespace = (namespace: string | undefined): string | false =>
  namespace !== undefined && namespace !== '' && `--namespace=${namespace}`

const amounts = (cpu: string, memory: string) =>
  [cpu && `cpu=${cpu}`, memory && `memory=${memory}`].filter(Boolean).join(',')

export function kubectlCommands(model: DeploymentModel): string[] {
  const namespace = inNamespace(model.namespace)
  const name = model.name || 'NAME'
  const port = model.ports[0]?.containerPort
  const commands = [
    line(
      'kubectl',
      'create',
      'deployment',
      name,
      `--image=${model.image || 'IMAGE'}`,
      `--replicas=${model.replicas ?? 1}`,
      port !== undefined && `--port=${port}`,
      namespace,
    ),
  ]
  const env = model.env.filter(entry => entry.name && !entry.isReference).map(entry => `${entry.name}=${entry.value}`)
  if (env.length) commands.push(line('kubectl', 'set', 'env', `deployment/${name}`, ...env, namespace))
  const requests = amounts(model.cpuRequest, model.memoryRequest)
  const limits = amounts(model.cpuLimit, model.memoryLimit)
  if (requests || limits)
    commands.push(
      line(
        'kubectl',
        'set',
        'resources',
        `deployment/${name}`,
        requests && `--requests=${requests}`,
        limits && `--limits=${limits}`,
        namespace,
      ),
    )
  if (model.service)
    commands.push(
      line(
        'kubectl',
        'expose',
        'deployment',
        name,
        `--port=${model.service.port ?? 80}`,
        model.service.targetPort && `--target-port=${model.service.targetPort}`,
        model.service.type !== 'ClusterIP' && `--type=${model.service.type}`,
        namespace,
      ),
    )
  return commands
}
