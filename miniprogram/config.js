// The only file that a deployer edits. The app id is in project.config.json.

/**
 * The addresses of the server. `api` is an origin without a path, e.g. "https://draw.example.com"; the others
 * default to it. Each must be listed in the mini-program console under 开发设置 → 服务器域名.
 * @typedef {{ api: string, upload?: string, download?: string, socket?: string }} Servers
 */

/** @type {Record<'develop' | 'trial' | 'release', Servers>} */
const servers = {
  // WeChat DevTools and real-device debugging: `yibi-server dev` on this machine.
  develop: { api: 'http://127.0.0.1:5757' },
  // 体验版 and 审核版.
  trial: { api: 'https://yibi.example.com' },
  // 正式版.
  release: { api: 'https://yibi.example.com' },
}

const { envVersion } = wx.getAccountInfoSync().miniProgram
const { api, upload = api, download = api, socket = api } = servers[envVersion] || servers.release

module.exports = { api, upload, download, socket }
