// What a tab of the dock shows, as kubectl would be asked for it.
import { inNamespace, line } from '../create/kubectl-command.ts'
import { resourceOf } from '../kinds/actions/as-kubectl.ts'
import type { DockTab } from '../stores/dock.ts'
import { ON_NODE } from './debug.ts'

/** So many logs kubectl follows only when it is told. */
const FOLLOWED = 50

/** Undefined: kubectl shows no files. */
export function tabCommand(tab: DockTab): string | undefined {
  switch (tab.kind) {
    case 'logs': {
      const { pod, container, labelSelector, previous = false, namespace } = tab
      const many = ['--all-containers', '--prefix', `--max-log-requests=${FOLLOWED}`]
      return line(
        ...['kubectl', 'logs', pod, labelSelector !== undefined && `--selector=${labelSelector}`],
        ...(container ? [`--container=${container}`] : many),
        previous ? '--previous' : '--follow',
        inNamespace(namespace),
      )
    }
    case 'terminal': {
      const { pod, container, use, streams } = tab
      const at = [`--container=${container}`, inNamespace(pod.namespace)]
      if (use === 'shell' || use === 'node')
        return line(
          'kubectl',
          'exec',
          '--stdin',
          '--tty',
          pod.name,
          ...at,
          '--',
          ...(use === 'node' ? ON_NODE : []),
          'sh',
        )
      const { stdin, tty } = streams ?? { stdin: true, tty: true }
      return line('kubectl', 'attach', stdin && '--stdin', tty && '--tty', pod.name, ...at)
    }
    case 'editor':
      return line('kubectl', 'edit', resourceOf(tab.type), tab.name, inNamespace(tab.namespace))
    case 'files':
      return undefined
  }
}
