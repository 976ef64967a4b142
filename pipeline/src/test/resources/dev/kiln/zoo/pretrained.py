"""Torchvision's models: classification, segmentation, video."""
import torch
from torchvision import models as zoo
from torchvision.models import detection, segmentation, video

from model import Model, images

FULL = {"batches": (1, 2), "lengths": (224, 224)}
SMALL = {"batches": (1, 2), "lengths": (160, 128)}


def plain(build, **options):
    return lambda: build(weights=None, **options)


class WithoutZero(torch.nn.Module):
    """Swin V2 clears a part of its biases by zero_, which PyTorch 1.13 cannot export; here that part stays."""

    def __init__(self):
        super().__init__()
        self.model = zoo.swin_v2_t(weights=None)

    def forward(self, x):
        zero = torch.Tensor.zero_
        torch.Tensor.zero_ = lambda t: t
        try:
            return self.model(x)
        finally:
            torch.Tensor.zero_ = zero


def segmenter(build):
    return lambda: build(weights=None, weights_backbone=None, num_classes=6)


class Detector(torch.nn.Module):
    """Boxes, scores and labels of one image; weights are such that scores differ by more than rounding."""

    def __init__(self, model, gain):
        super().__init__()
        self.model = model
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
                module.weight.data *= gain

    def forward(self, x):
        return self.model([x])


def ssdlite():
    model = Detector(detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=6, score_thresh=0.3, detections_per_img=20), 1)
    for head in model.model.head.classification_head.module_list:
        head[-1].weight.data *= 0.2
    return model


def faster_rcnn():
    model = Detector(detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, num_classes=6, box_score_thresh=0.2, box_detections_per_img=20), 0.9)
    model.model.roi_heads.box_predictor.cls_score.weight.data *= 4
    return model


def image(batch, size):
    return {"x": torch.rand(3, size, size + 32)}


def clip(batch, size):
    return {"x": torch.randn(batch, 3, 8, size, size)}


CLASSIFIERS = ("resnet18 mobilenet_v3_small efficientnet_b0 convnext_tiny swin_t vit_b_16 densenet121 resnet50"
               " shufflenet_v2_x1_0 resnext50_32x4d vgg11 alexnet mnasnet0_5 mobilenet_v2 efficientnet_v2_s"
               " regnet_y_400mf regnet_x_400mf wide_resnet50_2 maxvit_t convnext_small").split()

MODELS = {name: Model(plain(getattr(zoo, name)), images(), **FULL) for name in CLASSIFIERS}
MODELS.update({
    "swin_v2_t": Model(WithoutZero, images(), **FULL),
    "squeezenet1_1": Model(plain(zoo.squeezenet1_1), images(), **SMALL),
    "googlenet": Model(plain(zoo.googlenet, aux_logits=False, init_weights=False), images(), **SMALL),
    "inception_v3": Model(plain(zoo.inception_v3, aux_logits=False, init_weights=False), images(),
                          batches=(1, 2), lengths=(299, 299)),
    "deeplabv3_mobilenet": Model(segmenter(segmentation.deeplabv3_mobilenet_v3_large), images(), **SMALL),
    "fcn_resnet50": Model(segmenter(segmentation.fcn_resnet50), images(), **SMALL),
    "lraspp_mobilenet": Model(segmenter(segmentation.lraspp_mobilenet_v3_large), images(), **SMALL),
    "ssdlite": Model(ssdlite, image, batches=(1, 1), lengths=(320, 288)),
    # At opset 16 torchvision 0.14 writes a RoiAlign of another meaning.
    "faster_rcnn": Model(faster_rcnn, image, batches=(1, 1), lengths=(320, 320), opset=15),
    "r3d_18": Model(plain(video.r3d_18), clip, batches=(1, 2), lengths=(64, 64)),
    "s3d": Model(plain(video.s3d), lambda batch, size: {"x": torch.randn(batch, 3, 16, size, size)},
                 batches=(1, 2), lengths=(224, 224)),
})
