// A network of a node's own: a container without any rights stands in it and waits. It outlives the agent, and so do the
// pods' links. Docker does not start it by itself: whoever starts the agent does, before it.
import type Docker from 'dockerode'
import { ensureAgentImage } from './apart/image.ts'
import { programMounts } from './agent-command.ts'
import type { ApartPlan, RootlessPlan } from './detect.ts'
import { ensureEmptyImage } from './empty-image.ts'
import type { PlaceNetwork } from './place.ts'

/** Nothing is ever written to its standard input, and no signal tells the first program of a container to end. */
const WAIT = ['/bin/sh', '-c', 'read -r _']

/** @returns the process that stands in it @throws Error when Docker refuses it */
export async function holdNetwork(plan: RootlessPlan | ApartPlan, network: PlaceNetwork): Promise<number> {
  const { default: Client } = await import('dockerode')
  const docker = new Client({ socketPath: plan.dockerSocket })
  const container = docker.getContainer(network.holder)
  const found = await container.inspect().catch((error: { statusCode?: number }) => {
    if (error.statusCode === 404) return undefined
    throw error
  })
  if (found?.State.Running) return found.State.Pid
  if (!found) await docker.createContainer(await holderOptions(docker, plan, network))
  await container.start()
  return (await container.inspect()).State.Pid
}

async function holderOptions(
  docker: Docker,
  { run }: RootlessPlan | ApartPlan,
  { holder, labels, network, ip, hostname }: PlaceNetwork,
): Promise<Docker.ContainerCreateOptions> {
  // Where Docker sees this machine's files, its shell is there, too.
  const [image, binds] =
    run === 'apart' ? [await ensureAgentImage(docker), []] : [await ensureEmptyImage(docker), programMounts()]
  return {
    name: holder,
    Hostname: hostname,
    Image: image,
    User: '65534:65534',
    Entrypoint: WAIT,
    Cmd: [],
    OpenStdin: true,
    StopSignal: 'SIGKILL',
    Labels: labels,
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: ip } } } },
    HostConfig: {
      NetworkMode: network,
      CapDrop: ['ALL'],
      ReadonlyRootfs: true,
      Binds: binds,
      LogConfig: { Type: 'none', Config: {} },
    },
  }
}
