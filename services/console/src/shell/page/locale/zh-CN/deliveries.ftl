delivery-title = 投递
delivery-when = 时间
delivery-contact = 联系人
delivery-method = 通知方式
delivery-about = 内容
delivery-news = 消息
delivery-cause = 原因
delivery-state = 状态
delivery-words = 渠道的回复
delivery-domain = 域名
delivery-id = 编号
delivery-steps = 处理过程
delivery-attempt = 第 { $count } 次尝试
delivery-retry = 下次尝试：
delivery-broken = 此地址已失效：在重新保存该地址或测试发送成功之前，将暂停发送。
delivery-rests = 已暂停向此地址发送，恢复时间：
delivery-lead = 随另一条消息发送：
delivery-again = 再次发送
deliveries-none = 还没有发送任何通知：域名出现异常时会按其通知设置发送。
deliveries-none-found = 没有符合条件的记录。

delivery-is-due = 待发送
delivery-is-attempted = 发送中
delivery-is-delivered = 已送达
delivery-is-failed = 暂时失败
delivery-is-parked = 已搁置
delivery-is-dropped = 已取消
delivery-means-due = 等待发送，或等待通知时段开始。
delivery-means-attempted = 正在与渠道通信。
delivery-means-delivered = 渠道已接收。
delivery-means-failed = 渠道没有接收，将自动重试。
delivery-means-parked = 不再自动重试：请先解决渠道指出的问题，然后再次发送。
delivery-means-dropped = 已无需通知。

told-for-event = 事件
told-for-reminder = 提醒
told-for-test = 测试
told-for-again = 再次发送
told-for-escalation = 升级通知
told-for-verification = 邮箱验证
told-for-channel-broken = 其他方式无法送达
told-for-unspecified = 未知


notice-sent-again = 已再次发送，结果会显示在下方。
wrong-domain = 请填写已监控域名的名称或编号。
