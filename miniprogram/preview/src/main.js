// The preview: an ordinary browser as a phone with WeChat on it.

import { Host } from './host.js'
import { Shell } from './shell.js'
import { claimDevice } from './device.js'
import { makeWx } from './wx/index.js'

async function start() {
  const device = await claimDevice()
  const shell = new Shell(device)
  const host = new Host(window.miniProgram, shell)
  const wx = makeWx({ host, shell, device })
  // For the console and for tests, as DevTools has them.
  window.wx = wx
  window.getApp = () => host.app
  window.getCurrentPages = () => host.pages()
  host.launch(wx, device.base)
}

void start()
