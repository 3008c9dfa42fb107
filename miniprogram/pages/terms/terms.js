Page({
  data: { parts: /** @type {{ title: string, text: string }[]} */ ([]) },

  onLoad() {
    const { bin_days: bin, erasure_days: erasure } = getApp().limits.now
    this.setData({ parts: parts(bin, erasure) })
  },
})

/** @param {number} bin @param {number} erasure days */
function parts(bin, erasure) {
  return [
    { title: '登录', text: '用微信的登录标识认出你，不读取你的微信昵称和头像。不登录也能画，画只留在这台手机上。' },
    { title: '画', text: '每一笔先存在这台手机上，再存到服务器，用来在你的画廊里显示、回放和导出。只有你自己看得到。' },
    { title: '昵称和头像', text: '你自己填写的，或用旧版小程序登录时微信给出的。存到服务器（微信头像只存地址），只有你自己看得到，随时可以改或移除（昵称留空就是移除）。' },
    { title: '手机号', text: '只在你点“绑定手机号”时由微信给出，加密保存，只显示前三位和后四位，用来在你找客服时核实是你本人。随时可以移除。' },
    { title: '相册', text: '只在你点“保存图片”时写入一张图片，从不读取你的照片。打开“落款”后，图片上会盖上你的昵称。' },
    { title: '设备', text: '登录时记下手机型号，用来在“登录的设备”里让你认出它们，并能让其中一台退出。' },
    { title: '删除', text: `删除的画保留 ${bin} 天后彻底删除，也可以在最近删除里提前彻底删除。注销账号后立刻退出登录，${erasure} 天后删除服务器上关于你的一切；其间只有点“取消注销并登录”才会取消。` },
  ]
}
