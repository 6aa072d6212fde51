// The X.509 library, with what it needs to have run before it. Everybody imports it from here: in a build whose chunks
// are loaded in another order it would not start.
import 'reflect-metadata'

export * from '@peculiar/x509'
