// `flotilla kubeconfig`: prints one, issues one for another user, or edits the user's own file.
import { readFileSync } from 'node:fs'
import { dataDirLayout, isThere, noCluster } from '../data-folder/data-dir.ts'
import {
  CONTEXT_NAME,
  mergeKubeconfig,
  placeOf,
  readKubeconfig,
  unmergeKubeconfig,
  userKubeconfigPath,
} from '../data-folder/kubeconfig-file.ts'
import { CommandError, UsageError } from '../process/usage-error.ts'

export async function kubeconfig(options: {
  dataDir: string
  user?: string
  merge?: boolean
  unmerge?: boolean
}): Promise<void> {
  const own = dataDirLayout(options.dataDir).kubeconfig
  const target = userKubeconfigPath()
  if (options.unmerge) {
    const found = unmergeKubeconfig(target, CONTEXT_NAME)
    console.log(
      found ? `removed "${CONTEXT_NAME}" from ${target}` : `${target} has no "${CONTEXT_NAME}"; nothing to do`,
    )
    return
  }
  if (!isThere(own)) throw new CommandError(noCluster(options.dataDir))
  const text =
    options.user === undefined ? readFileSync(own, 'utf8') : await forUser(options.dataDir, own, options.user)
  if (!options.merge) {
    process.stdout.write(text)
    return
  }
  mergeKubeconfig(target, CONTEXT_NAME, text)
  console.log(`added "${CONTEXT_NAME}" to ${target} and made it current`)
}

async function forUser(dataDir: string, own: string, user: string): Promise<string> {
  // A name with `system:` could claim rights that belong to components.
  if (!/^[A-Za-z0-9][A-Za-z0-9@._+-]{0,62}$/.test(user))
    throw new UsageError(`--user wants a name of letters, digits and @._+- (at most 63), not "${user}"`)
  const { openPki, renderKubeconfig } = await import('../pki/pki.ts')
  const pki = await openPki({ dataDir })
  const identity = await pki.issueClientCertificate({ commonName: user, organizations: [], forPeople: true })
  return renderKubeconfig({ ...placeOf(readKubeconfig(own)), caPem: pki.caPem, name: CONTEXT_NAME, user, ...identity })
}
