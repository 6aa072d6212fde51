// `flotilla node join-command`: a line for hosts that cannot be reached over SSH from here. It fetches a script whose
// hash is in it, and hands the script a token over standard input.
import { createHash } from 'node:crypto'
import { Agent, fetch } from 'undici'
import { formatTime, systemClock } from '../../../shared/machinery/clock.ts'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { readKubeconfig } from '../../data-folder/kubeconfig-file.ts'
import { issueBootstrapToken } from '../../provisioning/steps/bootstrap-token.ts'
import { reachableUrls } from '../../addresses/reachable-urls.ts'
import { requireRunning } from '../../data-folder/running-server.ts'
import { CommandError } from '../../process/usage-error.ts'
import { connectApi } from '../../data-folder/api.ts'

export async function joinCommand(dataDir: string): Promise<void> {
  const { ca } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const [server] = await reachableUrls(requireRunning(dataDir), ca, 'a join command')
  const url = `${server}/flotilla/join/script`
  const sha256 = createHash('sha256')
    .update(await download(url, ca))
    .digest('hex')
  await using api = connectApi(dataDir)
  const { token, expiresAtMs } = await issueBootstrapToken(api.client, systemClock, 'flotilla node join-command')
  // What comes unverified (-k) is only used once it has the hash; the script trusts the CA that is in it.
  console.log(
    `f=$(mktemp) && curl -fsSk ${url} -o "$f" && echo "${sha256}  $f" | sha256sum -c --quiet && ` +
      `echo ${token} | sh "$f"; e=$?; rm -f "$f"; (exit $e)`,
  )
  console.error(
    `Run this line on the host, as root or as somebody who may use sudo. It is good for one host, until ` +
      `${formatTime(expiresAtMs)}.`,
  )
}

/** As the host will: without an identity. */
async function download(url: string, ca: string): Promise<Buffer> {
  const dispatcher = new Agent({ connect: { ca } })
  try {
    const answer = await fetch(url, { dispatcher })
    const body = Buffer.from(await answer.arrayBuffer())
    if (answer.status === 200) return body
    if (answer.status === 401)
      throw new CommandError(
        'a host has to fetch the script without an identity, and this server lets nobody in without one ' +
          '(--anonymous-auth=false, or an AuthenticationConfiguration that does not name /flotilla/join/script)',
      )
    throw new CommandError(`the script cannot be made: ${body.toString('utf8').slice(0, 300)}`)
  } finally {
    await dispatcher.destroy()
  }
}
