// Takes a host out of the cluster and leaves it as it was before: what joining did, undone in reverse.
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import { revokeNode } from '../../pki/revoke.ts'
import { delay } from '../../../shared/machinery/clock.ts'
import { ApiError, isNotFound } from '../../../shared/machinery/status.ts'
import { UNSET_LIVE_RESTORE } from './live-restore.ts'
import { type Step, type StepContext, asRoot } from './contract.ts'

const DRAIN_TIMEOUT_MS = 60_000
const POLL_MS = 500

/** The current agent cleans up; where it does not work, the version before it does. */
const CLEAN_UP = `
systemctl disable --now flotilla-agent.service 2>/dev/null
if [ -x /opt/flotilla/bin/node ] && [ -r /etc/flotilla/config.json ]; then
  for agent in /opt/flotilla/bin/agent.cjs /opt/flotilla/agent/*/agent.cjs; do
    /opt/flotilla/bin/node "$agent" --config /etc/flotilla/config.json --cleanup
    failed=$?
    [ $failed != 0 ] || break
  done
  [ $failed = 0 ] || exit $failed
fi
`

/** Docker goes only where we brought it, and where nobody else uses it meanwhile. */
const UNINSTALL = `
before=/var/lib/flotilla/before
[ -s $before/installed ] || exit 0
packages=$(sort -u $before/installed)
if printf '%s\\n' $packages | grep -qx 'docker.io\\|moby-engine'; then
  if [ -n "$(docker ps -aq 2>/dev/null)" ]; then echo 'Docker is kept: it has containers of somebody else'; exit 0; fi
  systemctl disable --now docker.socket docker.service containerd.service 2>/dev/null
  docker_went=yes
fi
if command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=180 purge $packages </dev/null || exit $?
else
  dnf -y remove $packages </dev/null || exit $?
fi
[ "$docker_went" = yes ] || exit 0
ip link delete docker0 2>/dev/null
rm -rf /var/lib/docker/* /var/lib/containerd/*
rmdir /var/lib/docker /var/lib/containerd 2>/dev/null
grep -qx /etc/docker $before/folders || rm -rf /etc/docker
grep -qx /etc/cni $before/folders || rmdir /etc/cni/net.d /etc/cni 2>/dev/null
# Docker leaves its rules behind when it goes.
for tool in iptables ip6tables; do
  for table in nat filter; do
    $tool-save -t $table 2>/dev/null | grep -E '^-A .*(docker0|-j DOCKER( |$)|-j DOCKER-(USER|FORWARD|BRIDGE|CT|INTERNAL|ISOLATION))' |
      sed 's/^-A/-D/' | while read -r rule; do $tool -t $table $rule 2>/dev/null; done
    chains=$($tool-save -t $table 2>/dev/null | sed -nE 's/^:(DOCKER(-(USER|FORWARD|BRIDGE|CT|INTERNAL|ISOLATION-STAGE-[12]))?) .*/\\1/p')
    for chain in $chains; do $tool -t $table -F $chain; done
    for chain in $chains; do $tool -t $table -X $chain; done
  done
done
read -r _ _ policy < $before/forward && [ -n "$policy" ] && iptables -P FORWARD $policy
# What iptables made to hold them goes as well, if it was not there and nobody else put anything into it.
nft list chains 2>/dev/null | awk '/^table/ {t = $2 " " $3} /chain/ {print t " " $2}' | grep -E '^ip6? (nat|filter) ' |
  while read -r chain; do grep -qxF "$chain" $before/chains || nft delete chain $chain 2>/dev/null; done
for table in 'ip nat' 'ip filter' 'ip6 nat' 'ip6 filter'; do
  grep -q "^$table " $before/chains || [ -n "$(nft list table $table 2>/dev/null | grep chain)" ] || nft delete table $table 2>/dev/null
done
groupdel docker 2>/dev/null
cat $before/ip_forward > /proc/sys/net/ipv4/ip_forward
exit 0
`

const DELETE_FILES = `
rm -f /etc/systemd/system/flotilla-agent.service
rm -rf /etc/flotilla /opt/flotilla /var/lib/flotilla /run/flotilla
systemctl daemon-reload
systemctl reset-failed flotilla-agent.service 2>/dev/null
exit 0
`

/** The same by hand, on a host that its cluster has forgotten. Read as a whole before it runs: it deletes itself. */
export const REMOVE_BY_HAND = `#!/bin/sh
# Takes everything of Flotilla off this host.
main() {
[ "$(id -u)" = 0 ] || { echo 'run this as root' >&2; exit 1; }
(${CLEAN_UP}) || exit $?
(${UNSET_LIVE_RESTORE})
(${UNINSTALL}) || exit $?
(${DELETE_FILES})
exit 0
}
main
`

export const drain: Step = {
  name: 'drain',
  plan: ({ nodeName }) => [`cordon the node ${nodeName} and evict its pods`],
  async apply(context) {
    const { client, nodeName, clock, signal, progress } = context
    try {
      await client.patch(Node, { name: nodeName }, { spec: { unschedulable: true } }, { type: 'merge', signal })
    } catch (error) {
      if (isNotFound(error)) return
      throw error
    }
    const deadline = clock.monotonic() + DRAIN_TIMEOUT_MS
    for (;;) {
      const pods = await podsToEvict(context)
      if (pods.length === 0) return
      progress.output(`${pods.length} pods are still there\n`)
      if (clock.monotonic() > deadline) {
        progress.output('they are not waited for any longer\n')
        return
      }
      for (const pod of pods) if (!pod.metadata.deletionTimestamp) await evict(context, pod)
      await delay(clock, POLL_MS, signal)
    }
  },
}

async function podsToEvict({ client, nodeName, signal }: StepContext): Promise<Pod[]> {
  const { items } = await client.list(Pod, { fieldSelector: `spec.nodeName=${nodeName}`, signal })
  const finished = (pod: Pod) => ['Succeeded', 'Failed'].includes(pod.status.phase ?? '')
  const ofDaemonSet = (pod: Pod) => pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet')
  return items.filter(pod => !finished(pod) && !ofDaemonSet(pod))
}

async function evict({ client }: StepContext, pod: Pod): Promise<void> {
  const { namespace, name } = pod.metadata
  try {
    await client.createSubresource(Pod, { namespace, name }, 'eviction', {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { namespace, name },
    })
  } catch (error) {
    // 429: its disruption budget does not allow it yet.
    if (!isNotFound(error) && !(error instanceof ApiError && error.code === 429)) throw error
  }
}

export const cleanUp: Step = {
  name: 'clean-up',
  plan: ({ facts }) =>
    facts.flotilla.isConfigured ? ['stop the agent; remove its containers, links, routes and rules'] : [],
  apply: async context => void (await asRoot(context, 'cleaning up', CLEAN_UP)),
}

export const deleteNode: Step = {
  name: 'delete-node',
  plan: ({ nodeName }) => [`delete the node ${nodeName} from the cluster`],
  async apply({ client, nodeName, signal }) {
    await client.delete(Node, { name: nodeName }, { signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
  },
}

export const revokeCertificate: Step = {
  name: 'revoke-certificate',
  plan: ({ nodeName }) => [`refuse the certificates of the node ${nodeName} from now on`],
  apply: ({ client, clock, nodeName, host, signal }) =>
    revokeNode(client, clock, nodeName, `host ${host.metadata.name} was removed`, signal),
}

export const uninstall: Step = {
  name: 'uninstall',
  plan: () => ['remove the packages that joining installed'],
  apply: async context => void (await asRoot(context, 'removing packages', UNINSTALL)),
}

export const deleteFiles: Step = {
  name: 'delete-files',
  plan: () => ['delete /opt/flotilla, /etc/flotilla, /var/lib/flotilla and the systemd unit'],
  apply: async context => {
    await context.closeLink()
    await asRoot(context, 'deleting files', DELETE_FILES)
  },
}
