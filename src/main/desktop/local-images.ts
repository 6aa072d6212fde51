// What images this machine's Docker has, for hosts that could be sent one.
import type { LocalImage } from '../../preload/channels.ts'
import { planLocalNode } from '../local-node/detect.ts'

/** By name; those without one cannot be asked for. None where there is no Docker. */
export async function localImages(): Promise<LocalImage[]> {
  const plan = await planLocalNode()
  if (plan.run === 'not') return []
  const { default: Docker } = await import('dockerode')
  const images = await new Docker({ socketPath: plan.dockerSocket }).listImages()
  return images
    .flatMap(({ RepoTags, Size }) => (RepoTags ?? []).map(name => ({ name, bytes: Size })))
    .filter(({ name }) => name !== '<none>:<none>')
    .sort((a, b) => a.name.localeCompare(b.name))
}
