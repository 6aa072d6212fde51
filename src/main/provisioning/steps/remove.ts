// Takes a host out of the cluster and leaves it as it was before: what joining did, undone in reverse.
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import { revokeNode } from '../../../shared/machinery/revoke-certificates.ts'
import { delay } from '../../../shared/machinery/clock.ts'
import { ApiError, isNotFound } from '../../../shared/machinery/status.ts'
import { REMOVE_IMAGES } from '../images/send.ts'
import { say } from '../say.ts'
import { STOP_DOCKER, UNINSTALL } from './uninstall.ts'
import { UNSET_LIVE_RESTORE } from './live-restore.ts'
import { UNSYNC_CLOCK } from './sync-clock.ts'
import { AGENT_FOLDER, type Step, type StepContext, UNLINK_KUBELET, asRoot } from './contract.ts'

const DRAIN_TIMEOUT_MS = 60_000
const POLL_MS = 200

/**
 * The current agent cleans up; where it does not work, the version before it does. Its folder goes last: without it that
 * is done, and Docker may be gone since. Then go the images that were sent here, except those that somebody has a
 * container of.
 */
const CLEAN_UP = `
systemctl disable --now flotilla-agent.service 2>/dev/null
if [ -d ${AGENT_FOLDER} ] && [ -x /opt/flotilla/bin/node ] && [ -r /etc/flotilla/config.json ]; then
  docker version >/dev/null 2>&1 || systemctl start docker.service
  for agent in /opt/flotilla/bin/agent.cjs /opt/flotilla/agent/*/agent.cjs; do
    /opt/flotilla/bin/node "$agent" --config /etc/flotilla/config.json --cleanup
    failed=$?
    [ $failed != 0 ] || break
  done
  [ $failed = 0 ] || exit $failed
fi
${REMOVE_IMAGES}
`

const DELETE_FILES = `
rm -f /etc/systemd/system/flotilla-agent.service
${UNLINK_KUBELET}
# Deleting through a mount would delete what is mounted.
mounted() { awk '$5 ~ "^/var/lib/flotilla/" {print length($5), $5}' /proc/self/mountinfo | sort -rn | cut -d' ' -f2; }
mounted | while read -r at; do umount -l "$at"; done
left=$(mounted)
if [ -n "$left" ]; then
  echo "nothing is deleted: something is mounted on $left" >&2
  exit 1
fi
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
(${STOP_DOCKER})
(${UNINSTALL}) || exit $?
(${UNSYNC_CLOCK})
(${DELETE_FILES})
exit 0
}
main
`

export const drain: Step = {
  name: 'drain',
  plan: ({ nodeName }) => [say('cordon the node {node} and evict its pods', { node: nodeName })],
  async apply(context) {
    const { client, nodeName, clock, signal, progress } = context
    try {
      await client.patch(Node, { name: nodeName }, { spec: { unschedulable: true } }, { type: 'merge', signal })
    } catch (error) {
      if (isNotFound(error)) return
      throw error
    }
    const deadline = clock.monotonic() + DRAIN_TIMEOUT_MS
    let told = 0
    for (;;) {
      const pods = await podsToEvict(context)
      if (pods.length === 0) return
      if (pods.length !== told) progress.output(`${pods.length} pods are still there\n`)
      told = pods.length
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
  plan: ({ facts: { flotilla } }) => [
    ...(flotilla.isConfigured ? [say('stop the agent; remove its containers, links, routes and rules')] : []),
    ...(flotilla.did.has('images') ? [say('remove the images that were sent to it and that nobody else uses')] : []),
  ],
  apply: async context => void (await asRoot(context, 'cleaning up', CLEAN_UP)),
}

export const deleteNode: Step = {
  name: 'delete-node',
  plan: ({ nodeName }) => [say('delete the node {node} from the cluster', { node: nodeName })],
  async apply({ client, nodeName, signal }) {
    await client.delete(Node, { name: nodeName }, { signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
  },
}

export const revokeCertificate: Step = {
  name: 'revoke-certificate',
  plan: ({ nodeName }) => [say('refuse the certificates of the node {node} from now on', { node: nodeName })],
  apply: ({ client, clock, nodeName, host, signal }) =>
    revokeNode(client, clock, nodeName, `host ${host.metadata.name} was removed`, signal),
}

export const deleteFiles: Step = {
  name: 'delete-files',
  plan: () => [say('delete /opt/flotilla, /etc/flotilla, /var/lib/flotilla and the systemd unit')],
  apply: async context => {
    await context.closeLink()
    await asRoot(context, 'deleting files', DELETE_FILES)
  },
}
