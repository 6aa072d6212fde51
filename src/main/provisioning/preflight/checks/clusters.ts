// What is left of, or still belongs to, another cluster.
import { say } from '../../say.ts'
import { type Check, error, info, warning } from '../contract.ts'

const KUBERNETES = [
  'k3s',
  'k3s-agent',
  'rke2-server',
  'rke2-agent',
  'kubelet',
  'microk8s',
  'k0scontroller',
  'k0sworker',
]

export const otherKubernetes: Check = {
  name: 'other-kubernetes',
  look({ active, kubernetes }) {
    const running = KUBERNETES.filter(unit => active.has(unit))
    if (running.length === 0 && kubernetes.length === 0) return []
    return [
      error('cluster/kubernetes', {
        what:
          running.length > 0
            ? say('Another Kubernetes runs on the host: {found}.', { found: [...running, ...kubernetes].join(', ') })
            : say('Another Kubernetes has been on the host: {found}.', { found: kubernetes.join(', ') }),
        why: say('Two kubelets would fight over addresses, rules and containers.'),
        how: say('Remove it first: kubeadm reset, k3s-agent-uninstall.sh, k0s reset, or snap remove microk8s.'),
      }),
    ]
  },
}

export const otherFlotilla: Check = {
  name: 'other-flotilla',
  look: ({ flotilla }, { caHash }) =>
    flotilla.isConfigured && flotilla.caHash !== caHash
      ? [
          error('cluster/flotilla', {
            what: say('The host belongs to another Flotilla cluster, or to an earlier one that was reset.'),
            why: say('A machine can be a node of one cluster at a time.'),
            how: say('Remove it there (flotilla node remove), or clean it on the host: sudo /opt/flotilla/bin/remove'),
          }),
        ]
      : [],
}

export const STALE_AGENT = 'cluster/agent'

export const agentVersion: Check = {
  name: 'agent-version',
  look: ({ flotilla: { isConfigured, currentBundle, ...flotilla } }, { bundle, caHash, nodeName }) =>
    isConfigured && flotilla.caHash === caHash && currentBundle !== '' && currentBundle !== bundle
      ? [
          info(STALE_AGENT, {
            what: say('The agent is {current}; this control plane comes with {bundle}.', {
              current: currentBundle,
              bundle,
            }),
            why: say('They work together, but what is new or mended in the agent is not there yet.'),
            how: say(
              'flotilla node upgrade, with the name of this host (node {node}); it goes back by itself if the node is not Ready then.',
              { node: nodeName },
            ),
          }),
        ]
      : [],
}

const MENDS = 'start-agent'

export const agentRuns: Check = {
  name: 'agent-runs',
  look({ active, flotilla: { isConfigured, did, ...flotilla } }, { caHash, nodeName }) {
    if (!isConfigured || flotilla.caHash !== caHash || !did.has('identity')) return []
    if (!active.has('flotilla-agent'))
      return [
        warning('cluster/agent-stopped', {
          what: say('The agent does not run.'),
          why: say('The node is not Ready, and after some minutes its pods are replaced elsewhere.'),
          how: say(
            'flotilla node repair, with the name of this host (node {node}); what it said last: flotilla node logs.',
            { node: nodeName },
          ),
          fix: MENDS,
        }),
      ]
    if (did.has('boot')) return []
    return [
      warning('cluster/agent-boot', {
        what: say('The agent runs, and is not started when the host boots.'),
        why: say('After its next boot the host is no node.'),
        how: say('flotilla node repair, with the name of this host (node {node}).', { node: nodeName }),
        fix: MENDS,
      }),
    ]
  },
}
