// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys and signatures of RFC 6979, A.2.3 (P-192), A.2.5 (P-256), A.2.6 (P-384), A.2.7 (P-521),
 * in hexadecimal. Computed from its algorithm by another implementation and compared with the
 * RFC's as the tests of PyCryptodome have them.
 */
#include "vectors.h"

const struct ecdsa_test_key ecdsa_test_keys[ECDSA_TEST_KEYS] = {
	{
		.curve = ASYM_CURVE_P192,
		.d = "6fab034934e4c0fc9ae67f5b5659a9d7d1fefd187ee09fd4",
		.x = "ac2c77f529f91689fea0ea5efec7f210d8eea0b9e047ed56",
		.y = "3bc723e57670bd4887ebc732c523063d0a7c957bc97c1c43",
	},
	{
		.curve = ASYM_CURVE_P256,
		.d = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
		.x = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
		.y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	},
	{
		.curve = ASYM_CURVE_P384,
		.d = "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e"
		     "4c70a825f872c9ea60d2edf5",
		.x = "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea"
		     "9055866064a254515480bc13",
		.y = "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c"
		     "3ae0d4fe7344fd2533264720",
	},
	{
		.curve = ASYM_CURVE_P521,
		.d = "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb"
		     "32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538",
		.x = "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d4"
		     "6e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a4",
		.y = "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25"
		     "741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5",
	},
};

const struct ecdsa_test_sig ecdsa_test_sigs[ECDSA_TEST_SIGS] = {
	{
		.curve = ASYM_CURVE_P192, .hash = "sha1", .message = "sample",
		.k = "37d7ca00d2c7b0e5e412ac03bd44ba837fdd5b28cd3b0021",
		.r = "98c6bd12b23eaf5e2a2045132086be3eb8ebd62abf6698ff",
		.s = "57a22b07dea9530f8de9471b1dc6624472e8e2844bc25b64",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha224", .message = "sample",
		.k = "4381526b3fc1e7128f202e194505592f01d5ff4c5af015d8",
		.r = "a1f00dad97aeec91c95585f36200c65f3c01812aa60378f5",
		.s = "e07ec1304c7c6c9debbe980b9692668f81d4de7922a0f97a",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha256", .message = "sample",
		.k = "32b1b6d7d42a05cb449065727a84804fb1a3e34d8f261496",
		.r = "4b0b8ce98a92866a2820e20aa6b75b56382e0f9bfd5ecb55",
		.s = "ccdb006926ea9565cbadc840829d8c384e06de1f1e381b85",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha384", .message = "sample",
		.k = "4730005c4fcb01834c063a7b6760096dbe284b8252ef4311",
		.r = "da63bf0b9abcf948fbb1e9167f136145f7a20426dcc287d5",
		.s = "c3aa2c960972bd7a2003a57e1c4c77f0578f8ae95e31ec5e",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha512", .message = "sample",
		.k = "a2ac7ab055e4f20692d49209544c203a7d1f2c0bfbc75db1",
		.r = "4d60c5ab1996bd848343b31c00850205e2ea6922dac2e4b8",
		.s = "3f6e837448f027a1bf4b34e796e32a811cbb4050908d8f67",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha1", .message = "test",
		.k = "d9cf9c3d3297d3260773a1da7418db5537ab8dd93de7fa25",
		.r = "0f2141a0ebbc44d2e1af90a50ebcfce5e197b3b7d4de036d",
		.s = "eb18bc9e1f3d7387500cb99cf5f7c157070a8961e38700b7",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha224", .message = "test",
		.k = "f5dc805f76ef851800700cce82e7b98d8911b7d510059fbe",
		.r = "6945a1c1d1b2206b8145548f633bb61cef04891baf26ed34",
		.s = "b7fb7fdfc339c0b9bd61a9f5a8eaf9be58fc5cba2cb15293",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha256", .message = "test",
		.k = "5c4ce89cf56d9e7c77c8585339b006b97b5f0680b4306c6c",
		.r = "3a718bd8b4926c3b52ee6bbe67ef79b18cb6eb62b1ad97ae",
		.s = "5662e6848a4a19b1f1ae2f72acd4b8bbe50f1eac65d9124f",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha384", .message = "test",
		.k = "5afefb5d3393261b828db6c91fbc68c230727b030c975693",
		.r = "b234b60b4db75a733e19280a7a6034bd6b1ee88af5332367",
		.s = "7994090b2d59bb782be57e74a44c9a1c700413f8abefe77a",
	},
	{
		.curve = ASYM_CURVE_P192, .hash = "sha512", .message = "test",
		.k = "0758753a5254759c7cfbad2e2d9b0792eee44136c9480527",
		.r = "fe4f4ae86a58b6507946715934fe2d8ff9d95b6b098fe739",
		.s = "74cf5605c98fba0e1ef34d4b5a1577a7dcf59457cae52290",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha1", .message = "sample",
		.k = "882905f1227fd620fbf2abf21244f0ba83d0dc3a9103dbbee43a1fb858109db4",
		.r = "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32",
		.s = "6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha224", .message = "sample",
		.k = "103f90ee9dc52e5e7fb5132b7033c63066d194321491862059967c715985d473",
		.r = "53b2fff5d1752b2c689df257c04c40a587fababb3f6fc2702f1343af7ca9aa3f",
		.s = "b9afb64fdc03dc1a131c7d2386d11e349f070aa432a4acc918bea988bf75c74c",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha256", .message = "sample",
		.k = "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
		.r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
		.s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha384", .message = "sample",
		.k = "09f634b188cefd98e7ec88b1aa9852d734d0bc272f7d2a47decc6ebeb375aad4",
		.r = "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719",
		.s = "4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha512", .message = "sample",
		.k = "5fa81c63109badb88c1f367b47da606da28cad69aa22c4fe6ad7df73a7173aa5",
		.r = "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00",
		.s = "2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha1", .message = "test",
		.k = "8c9520267c55d6b980df741e56b4adee114d84fbfa2e62137954164028632a2e",
		.r = "0cbcc86fd6abd1d99e703e1ec50069ee5c0b4ba4b9ac60e409e8ec5910d81a89",
		.s = "01b9d7b73dfaa60d5651ec4591a0136f87653e0fd780c3b1bc872ffdeae479b1",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha224", .message = "test",
		.k = "669f4426f2688b8be0db3a6bd1989bdaefff84b649eeb84f3dd26080f667faa7",
		.r = "c37edb6f0ae79d47c3c27e962fa269bb4f441770357e114ee511f662ec34a692",
		.s = "c820053a05791e521fcaad6042d40aea1d6b1a540138558f47d0719800e18f2d",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha256", .message = "test",
		.k = "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0",
		.r = "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
		.s = "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha384", .message = "test",
		.k = "16aeffa357260b04b1dd199693960740066c1a8f3e8edd79070aa914d361b3b8",
		.r = "83910e8b48bb0c74244ebdf7f07a1c5413d61472bd941ef3920e623fbccebeb6",
		.s = "8ddbec54cf8cd5874883841d712142a56a8d0f218f5003cb0296b6b509619f2c",
	},
	{
		.curve = ASYM_CURVE_P256, .hash = "sha512", .message = "test",
		.k = "6915d11632aca3c40d5d51c08daf9c555933819548784480e93499000d9f0b7f",
		.r = "461d93f31b6540894788fd206c07cfa0cc35f46fa3c91816fff1040ad1581a04",
		.s = "39af9f15de0db8d97e72719c74820d304ce5226e32dedae67519e840d1194e55",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha1", .message = "sample",
		.k = "4471ef7518bb2c7c20f62eae1c387ad0c5e8e470995db4acf694466e6ab096630f29e593"
		     "8d25106c3c340045a2db01a7",
		.r = "ec748d839243d6fbef4fc5c4859a7dffd7f3abddf72014540c16d73309834fa37b9ba002"
		     "899f6fda3a4a9386790d4eb2",
		.s = "a3bcfa947beef4732bf247ac17f71676cb31a847b9ff0cbc9c9ed4c1a5b3facf26f49ca0"
		     "31d4857570ccb5ca4424a443",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha224", .message = "sample",
		.k = "a4e4d2f0e729eb786b31fc20ad5d849e304450e0ae8e3e341134a5c1afa03cab8083ee4e"
		     "3c45b06a5899ea56c51b5879",
		.r = "42356e76b55a6d9b4631c865445dbe54e056d3b3431766d0509244793c3f9366450f76ee"
		     "3de43f5a125333a6be060122",
		.s = "9da0c81787064021e78df658f2fbb0b042bf304665db721f077a4298b095e4834c082c03"
		     "d83028efbf93a3c23940ca8d",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha256", .message = "sample",
		.k = "180ae9f9aec5438a44bc159a1fcb277c7be54fa20e7cf404b490650a8acc414e37557234"
		     "2863c899f9f2edf9747a9b60",
		.r = "21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888"
		     "e63355d92fa2b3c36d8fb2cd",
		.s = "f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63ec"
		     "cd1ac42ec0cb8668a4fa0ab0",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha384", .message = "sample",
		.k = "94ed910d1a099dad3254e9242ae85abde4ba15168eaf0ca87a555fd56d10fbca2907e3e8"
		     "3ba95368623b8c4686915cf9",
		.r = "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a64815"
		     "2e44acf96e36dd1e80fabe46",
		.s = "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145"
		     "786e679e7b82c71a38628ac8",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha512", .message = "sample",
		.k = "92fc3c7183a883e24216d1141f1a8976c5b0dd797dfa597e3d7b32198bd35331a4e96653"
		     "2593a52980d0e3aaa5e10ec3",
		.r = "ed0959d5880ab2d869ae7f6c2915c6d60f96507f9cb3e047c0046861da4a799cfe30f35c"
		     "c900056d7c99cd7882433709",
		.s = "512c8cceee3890a84058ce1e22dbc2198f42323ce8aca9135329f03c068e5112dc7cc3ef"
		     "3446defceb01a45c2667fdd5",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha1", .message = "test",
		.k = "66cc2c8f4d303fc962e5ff6a27bd79f84ec812ddae58cf5243b64a4ad8094d47ec3727f3"
		     "a3c186c15054492e30698497",
		.r = "4bc35d3a50ef4e30576f58cd96ce6bf638025ee624004a1f7789a8b8e43d0678acd9d298"
		     "76daf46638645f7f404b11c7",
		.s = "d5a6326c494ed3ff614703878961c0fde7b2c278f9a65fd8c4b7186201a2991695ba1c84"
		     "541327e966fa7b50f7382282",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha224", .message = "test",
		.k = "18fa39db95aa5f561f30fa3591dc59c0fa3653a80daffa0b48d1a4c6dfcbff6e3d33be4d"
		     "c5eb8886a8ecd093f2935726",
		.r = "e8c9d0b6ea72a0e7837fea1d14a1a9557f29faa45d3e7ee888fc5bf954b5e62464a9a817"
		     "c47ff78b8c11066b24080e72",
		.s = "07041d4a7a0379ac7232ff72e6f77b6ddb8f09b16cce0ec3286b2bd43fa8c6141c53ea5a"
		     "bef0d8231077a04540a96b66",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha256", .message = "test",
		.k = "0cfac37587532347dc3389fdc98286bba8c73807285b184c83e62e26c401c0faa48dd070"
		     "ba79921a3457abff2d630ad7",
		.r = "6d6defac9ab64dabafe36c6bf510352a4cc27001263638e5b16d9bb51d451559f918eeda"
		     "f2293be5b475cc8f0188636b",
		.s = "2d46f3becbcc523d5f1a1256bf0c9b024d879ba9e838144c8ba6baeb4b53b47d51ab373f"
		     "9845c0514eefb14024787265",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha384", .message = "test",
		.k = "015ee46a5bf88773ed9123a5ab0807962d193719503c527b031b4c2d225092ada71f4a45"
		     "9bc0da98adb95837db8312ea",
		.r = "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0"
		     "812998da8f1dd3ca3cf023db",
		.s = "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f04"
		     "0649a667bf3b828246baa5a5",
	},
	{
		.curve = ASYM_CURVE_P384, .hash = "sha512", .message = "test",
		.k = "3780c4f67cb15518b6acae34c9f83568d2e12e47deab6c50a4e4ee5319d1e8ce0e2cc8a1"
		     "36036dc4b9c00e6888f66b6c",
		.r = "a0d5d090c9980faf3c2ce57b7ae951d31977dd11c775d314af55f76c676447d06fb6495c"
		     "d21b4b6e340fc236584fb277",
		.s = "976984e59b4c77b0e8e4460dca3d9f20e07b9bb1f63beefaf576f6b2e8b224634a2092cd"
		     "3792e0159ad9cee37659c736",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha1", .message = "sample",
		.k = "0089c071b419e1c2820962321787258469511958e80582e95d8378e0c2ccdb3cb42bede4"
		     "2f50e3fa3c71f5a76724281d31d9c89f0f91fc1be4918db1c03a5838d0f9",
		.r = "00343b6ec45728975ea5cba6659bbb6062a5ff89eea58be3c80b619f322c87910fe092f7"
		     "d45bb0f8eee01ed3f20babec079d202ae677b243ab40b5431d497c55d75d",
		.s = "00e7b0e675a9b24413d448b8cc119d2bf7b2d2df032741c096634d6d65d0dbe3d5694625"
		     "fb9e8104d3b842c1b0e2d0b98bea19341e8676aef66ae4eba3d5475d5d16",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha224", .message = "sample",
		.k = "0121415ec2cd7726330a61f7f3fa5de14be9436019c4db8cb4041f3b54cf31be0493ee3f"
		     "427fb906393d895a19c9523f3a1d54bb8702bd4aa9c99dab2597b92113f3",
		.r = "01776331cfcdf927d666e032e00cf776187bc9fdd8e69d0dabb4109ffe1b5e2a30715f4c"
		     "c923a4a5e94d2503e9acfed92857b7f31d7152e0f8c00c15ff3d87e2ed2e",
		.s = "0050cb5265417fe2320bbb5a122b8e1a32bd699089851128e360e620a30c7e17ba41a666"
		     "af126ce100e5799b153b60528d5300d08489ca9178fb610a2006c254b41f",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha256", .message = "sample",
		.k = "00edf38afcaaecab4383358b34d67c9f2216c8382aaea44a3dad5fdc9c32575761793fef"
		     "24eb0fc276dfc4f6e3ec476752f043cf01415387470bcbd8678ed2c7e1a0",
		.r = "01511bb4d675114fe266fc4372b87682baecc01d3cc62cf2303c92b3526012659d16876e"
		     "25c7c1e57648f23b73564d67f61c6f14d527d54972810421e7d87589e1a7",
		.s = "004a171143a83163d6df460aaf61522695f207a58b95c0644d87e52aa1a347916e4f7a72"
		     "930b1bc06dbe22ce3f58264afd23704cbb63b29b931f7de6c9d949a7ecfc",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha384", .message = "sample",
		.k = "01546a108bc23a15d6f21872f7ded661fa8431ddbd922d0dcdb77cc878c8553ffad064c9"
		     "5a920a750ac9137e527390d2d92f153e66196966ea554d9adfcb109c4211",
		.r = "01ea842a0e17d2de4f92c15315c63ddf72685c18195c2bb95e572b9c5136ca4b4b576ad7"
		     "12a52be9730627d16054ba40cc0b8d3ff035b12ae75168397f5d50c67451",
		.s = "01f21a3cee066e1961025fb048bd5fe2b7924d0cd797babe0a83b66f1e35eeaf5fde143f"
		     "a85dc394a7dee766523393784484bdf3e00114a1c857cde1aa203db65d61",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha512", .message = "sample",
		.k = "01dae2ea071f8110dc26882d4d5eae0621a3256fc8847fb9022e2b7d28e6f10198b1574f"
		     "dd03a9053c08a1854a168aa5a57470ec97dd5ce090124ef52a2f7ecbffd3",
		.r = "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1"
		     "ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
		.s = "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623ea"
		     "a63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha1", .message = "test",
		.k = "00bb9f2bf4fe1038ccf4dabd7139a56f6fd8bb1386561bd3c6a4fc818b20df5ddba80795"
		     "a947107a1ab9d12daa615b1ade4f7a9dc05e8e6311150f47f5c57ce8b222",
		.r = "013bad9f29abe20de37ebeb823c252ca0f63361284015a3bf430a46aaa80b87b0693f069"
		     "4bd88afe4e661fc33b094cd3b7963bed5a727ed8bd6a3a202abe009d0367",
		.s = "01e9bb81ff7944ca409ad138dbbee228e1afcc0c890fc78ec8604639cb0dbdc90f717a99"
		     "ead9d272855d00162ee9527567dd6a92cbd629805c0445282bbc916797ff",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha224", .message = "test",
		.k = "0040d09fcf3c8a5f62cf4fb223cbbb2b9937f6b0577c27020a99602c25a01136987e4529"
		     "88781484edbbcf1c47e554e7fc901bc3085e5206d9f619cff07e73d6f706",
		.r = "01c7ed902e123e6815546065a2c4af977b22aa8eaddb68b2c1110e7ea44d42086bfe4a34"
		     "b67ddc0e17e96536e358219b23a706c6a6e16ba77b65e1c595d43cae17fb",
		.s = "0177336676304fcb343ce028b38e7b4fba76c1c1b277da18cad2a8478b2a9a9f5bec0f3b"
		     "a04f35db3e4263569ec6aade8c92746e4c82f8299ae1b8f1739f8fd519a4",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha256", .message = "test",
		.k = "001de74955efaabc4c4f17f8e84d881d1310b5392d7700275f82f145c61e843841af0903"
		     "5bf7a6210f5a431a6a9e81c9323354a9e69135d44ebd2fcaa7731b909258",
		.r = "000e871c4a14f993c6c7369501900c4bc1e9c7b0b4ba44e04868b30b41d8071042eb28c4"
		     "c250411d0ce08cd197e4188ea4876f279f90b3d8d74a3c76e6f1e4656aa8",
		.s = "00cd52dbaa33b063c3a6cd8058a1fb0a46a4754b034fcc644766ca14da8ca5ca9fde00e8"
		     "8c1ad60ccba759025299079d7a427ec3cc5b619bfbc828e7769bcd694e86",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha384", .message = "test",
		.k = "01f1fc4a349a7da9a9e116bfdd055dc08e78252ff8e23ac276ac88b1770ae0b5dceb1ed1"
		     "4a4916b769a523ce1e90ba22846af11df8b300c38818f713dadd85de0c88",
		.r = "014bee21a18b6d8b3c93fab08d43e739707953244fdbe924fa926d76669e7ac8c89df62e"
		     "d8975c2d8397a65a49dcc09f6b0ac62272741924d479354d74ff6075578c",
		.s = "0133330865c067a0eaf72362a65e2d7bc4e461e8c8995c3b6226a21bd1aa78f0ed94fe53"
		     "6a0dca35534f0cd1510c41525d163fe9d74d134881e35141ed5e8e95b979",
	},
	{
		.curve = ASYM_CURVE_P521, .hash = "sha512", .message = "test",
		.k = "016200813020ec986863bedfc1b121f605c1215645018aea1a7b215a564de9eb1b38a67a"
		     "a1128b80ce391c4fb71187654aaa3431027bfc7f395766ca988c964dc56d",
		.r = "013e99020abf5cee7525d16b69b229652ab6bdf2affcaef38773b4b7d08725f10cdb9348"
		     "2fdcc54edcee91eca4166b2a7c6265ef0ce2bd7051b7cef945babd47ee6d",
		.s = "01fbd0013c674aa79cb39849527916ce301c66ea7ce8b80682786ad60f98f7e78a19ca69"
		     "eff5c57400e3b3a0ad66ce0978214d13baf4e9ac60752f7b155e2de4dce3",
	},
};
