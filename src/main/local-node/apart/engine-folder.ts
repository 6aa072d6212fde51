// The agent's data where Docker is: a volume of Docker's, for all clusters that have a node there. What agents mount in it
// is to be seen by Docker, so the volume is made a shared mount in the namespace of Docker's daemon.
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { pack } from 'tar-stream'
import { CommandError } from '../../process/usage-error.ts'
import { UNCONFINED } from '../agent-command.ts'
import { removeContainer } from '../contained-agent.ts'

const VOLUME = 'flotilla'
const AT = '/flotilla'

/** The parent of a container's first program is in the namespace of the daemon; mount(8) goes there after it was loaded. */
const SHARE = `
here=
while read -r _ _ _ _ point _; do [ "$point" != "$1" ] || here=yes; done < "/proc/$PPID/mountinfo"
[ -n "$here" ] || mount -N "$PPID" --bind "$1" "$1" || exit 1
mount -N "$PPID" --make-shared "$1"
`
/** How a script ends that leaves the volume to other clusters. */
const OTHERS = 10
/** Deleting through a mount would delete what is mounted. Whoever is the last takes the shared mount along. */
const LEAVE = `
while read -r _ _ _ _ point _; do
  case "$point" in "$1/nodes/$2"/*) echo "$point is still mounted where Docker is"; exit 1 ;; esac
done < "/proc/$PPID/mountinfo"
rm -rf "${AT}/nodes/$2" || exit 1
rmdir "${AT}/nodes" 2>/dev/null || exit ${OTHERS}
rm -rf "${AT}/claim"
while read -r _ _ _ _ point _; do
  [ "$point" != "$1" ] || umount -N "$PPID" -l "$1" || exit 1
done < "/proc/$PPID/mountinfo"
`

export interface EngineFolder {
  /** Where Docker has the volume. */
  readonly volume: string
  /** The agent's own, in it. */
  readonly folder: string
  /** Where agents say whose the network is. */
  readonly claimFolder: string
}

/** @param id of the cluster's data folder */
export async function engineFolder(docker: Docker, id: string): Promise<EngineFolder> {
  await docker.createVolume({ Name: VOLUME })
  const { Mountpoint } = await docker.getVolume(VOLUME).inspect()
  return {
    volume: Mountpoint,
    folder: posix.join(Mountpoint, 'nodes', id),
    claimFolder: posix.join(Mountpoint, 'claim'),
  }
}

/** @param files name → text, private to root @throws Error with what mount(8) said */
export async function share(
  docker: Docker,
  image: string,
  id: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const { volume } = await engineFolder(docker, id)
  const archive = pack()
  for (const name of ['nodes', `nodes/${id}`, `nodes/${id}/data`, 'claim'])
    archive.entry({ name, type: 'directory', mode: 0o700 })
  for (const [name, text] of files) archive.entry({ name: `nodes/${id}/${name}`, mode: 0o600 }, text)
  archive.finalize()
  await once(docker, image, id, SHARE, [volume], container =>
    container.putArchive(Readable.from(archive), { path: AT }),
  )
}

/** Nothing of this cluster's is left, and nothing at all once it was the last. @throws Error when something is mounted */
export async function leave(docker: Docker, image: string, id: string): Promise<void> {
  const { volume } = await engineFolder(docker, id)
  if ((await once(docker, image, id, LEAVE, [volume, id])) === OTHERS) return
  await docker
    .getVolume(VOLUME)
    .remove()
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404 && error.statusCode !== 409) throw error
    })
}

const helperName = (id: string): string => `flotilla-folder-${id}`

/**
 * Runs a script in a container with the volume, with a view of the machine's processes.
 * @returns how it ended, well or with others left
 */
async function once(
  docker: Docker,
  image: string,
  id: string,
  script: string,
  args: readonly string[],
  before: (container: Docker.Container) => Promise<unknown> = () => Promise.resolve(),
): Promise<number> {
  const name = helperName(id)
  // A run that was killed left it behind.
  await removeContainer(docker, name)
  const container = await docker.createContainer({
    name,
    Image: image,
    User: '0:0',
    Entrypoint: ['/bin/sh', '-c', script, 'flotilla', ...args],
    Cmd: [],
    HostConfig: {
      PidMode: 'host',
      NetworkMode: 'none',
      Binds: [`${VOLUME}:${AT}`],
      CapDrop: ['ALL'],
      CapAdd: ['SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE', 'DAC_OVERRIDE', 'FOWNER'],
      SecurityOpt: UNCONFINED,
    },
  })
  try {
    await before(container)
    await container.start()
    const { StatusCode } = (await container.wait()) as { StatusCode: number }
    if (StatusCode === 0 || StatusCode === OTHERS) return StatusCode
    const log = await container.logs({ stdout: true, stderr: true, tail: 3 })
    throw new CommandError(`Docker's machine cannot hold the node's data: ${printable(log.toString('utf8'))}`)
  } finally {
    await container.remove({ force: true })
  }
}

const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim()
