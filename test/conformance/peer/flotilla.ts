// Flotilla's API server as a program of its own, without controllers: they would change what is compared.
import { startSecuredCluster } from '../../api/authz/support/cluster.ts'
import { minimalObjects } from '../../api/registry/minimal-objects.ts'

const cluster = await startSecuredCluster()
const { url, pki } = cluster.api
const { certPem: cert, keyPem: key } = pki.admin
process.stdout.write(`${JSON.stringify({ url, ca: pki.caPem, cert, key, minimalObjects })}\n`)
process.once('SIGTERM', () => void cluster[Symbol.asyncDispose]().then(() => process.exit(0)))
