// Reads what Docker tells about a container into the runtime's own terms.
import type Docker from 'dockerode'
import type { RuntimeContainer } from '../contract.ts'
import { LABEL } from './labels.ts'

const time = (text: string | undefined): string | undefined =>
  text === undefined || text === '' || text.startsWith('0001-') ? undefined : text

export function toRuntimeContainer(info: Docker.ContainerInspectInfo): RuntimeContainer {
  const labels = info.Config.Labels
  const { State } = info
  const startedAt = time(State.StartedAt)
  const finishedAt = time(State.FinishedAt)
  const isSandbox = labels[LABEL.kind] === 'sandbox'
  return {
    id: info.Id,
    name: isSandbox ? '' : (labels[LABEL.containerName] ?? ''),
    attempt: Number(labels[LABEL.attempt] ?? 0),
    specHash: labels[LABEL.specHash] ?? '',
    ...(labels[LABEL.runSince] === undefined ? {} : { runSinceMs: Number(labels[LABEL.runSince]) }),
    state: State.Running ? 'running' : neverStarted(State) ? 'created' : 'exited',
    pid: State.Running ? State.Pid : 0,
    createdAt: info.Created,
    ...(startedAt ? { startedAt } : {}),
    ...(finishedAt && !State.Running ? { finishedAt } : {}),
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    startError: startedAt ? '' : State.Error,
    image: labels[LABEL.image] ?? info.Config.Image,
    imageId: `docker://${info.Image}`,
    terminationMessageFile: labels[LABEL.terminationMessageFile] ?? '',
    fallbackToLogs: labels[LABEL.fallbackToLogs] === 'true',
    actual: {
      cpuShares: info.HostConfig.CpuShares ?? 0,
      cpuQuota: Math.max(0, info.HostConfig.CpuQuota ?? 0),
      memoryBytes: info.HostConfig.Memory ?? 0,
    },
  }
}

/** A container whose start failed stays `created`, but carries the error. */
const neverStarted = (state: Docker.ContainerInspectInfo['State']): boolean =>
  state.Status === 'created' && state.Error === ''
